"""Claims are made where they are absent, once, and removed with their volume."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes_asyncio.client import ApiException
from kubespawner import KubeSpawner

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.errors import ClaimError
from eessi_spawner.spawner.claims import make_claim, remove_claim
from tests.unit.spawner.pods import MakeSpawner

DYNAMIC = ClaimAttachment(storage_class="cvmfs")
STATIC = ClaimAttachment(static=True)
CLAIM, VOLUME = "hub/cvmfs", "eessi-hub-cvmfs"


class Volumes:
    """Stands in for CoreV1Api, of which six calls matter here; a cluster answers them in tests/cluster.

    As the API server does, creating what exists is refused by 409 and asking for what does not by 404.
    """

    def __init__(self, **present: str) -> None:
        # Name to phase; what is being deleted has the phase Terminating.
        self.objects = {name.replace("__", "/").replace("_", "-"): phase for name, phase in present.items()}
        self.calls: list[str] = []
        self.made: list[Any] = []
        self.forbidden: set[str] = set()

    def _call(self, verb: str, name: str) -> None:
        self.calls.append(f"{verb} {name}")
        if verb in self.forbidden:
            words = f'User "system:serviceaccount:hub:hub" cannot {verb} resource "persistentvolumes" in API group ""'
            refusal = ApiException(status=403)
            refusal.body = json.dumps({"message": words})
            raise refusal
        if (name in self.objects) == (verb == "create"):
            raise ApiException(status=409 if verb == "create" else 404)

    async def _create(self, name: str, body: Any) -> None:
        self._call("create", name)
        self.objects[name] = "Pending"
        self.made.append(body)

    async def _read(self, name: str) -> Any:
        self._call("get", name)
        deleted = "2026-01-01T00:00:00Z" if self.objects[name] == "Terminating" else None
        phase = SimpleNamespace(phase=self.objects[name])
        return SimpleNamespace(metadata=SimpleNamespace(deletion_timestamp=deleted), status=phase)

    async def _delete(self, name: str) -> None:
        self._call("delete", name)
        del self.objects[name]

    def read_namespaced_persistent_volume_claim(self, name: str, namespace: str) -> Coroutine[Any, Any, Any]:
        return self._read(f"{namespace}/{name}")

    def create_namespaced_persistent_volume_claim(self, namespace: str, body: Any) -> Coroutine[Any, Any, None]:
        return self._create(f"{namespace}/{body['metadata']['name']}", body)

    def delete_namespaced_persistent_volume_claim(self, name: str, namespace: str) -> Coroutine[Any, Any, None]:
        return self._delete(f"{namespace}/{name}")

    def read_persistent_volume(self, name: str) -> Coroutine[Any, Any, Any]:
        return self._read(name)

    def create_persistent_volume(self, body: Any) -> Coroutine[Any, Any, None]:
        return self._create(body["metadata"]["name"], body)

    def delete_persistent_volume(self, name: str) -> Coroutine[Any, Any, None]:
        return self._delete(name)


def run(action: Callable[..., Coroutine[Any, Any, None]], api: Volumes, attachment: ClaimAttachment) -> None:
    asyncio.run(action(api, "hub", attachment, seconds=3))


def test_an_absent_claim_is_made_from_its_class() -> None:
    api = Volumes()
    run(make_claim, api, DYNAMIC)
    (claim,) = api.made
    assert claim["spec"]["accessModes"] == ["ReadOnlyMany"], "cvmfs-csi takes no other"
    assert claim["spec"]["storageClassName"] == "cvmfs"


def test_a_static_claim_and_its_volume_name_each_other() -> None:
    api = Volumes()
    run(make_claim, api, STATIC)
    volume, claim = api.made
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == VOLUME
    assert claim["spec"]["storageClassName"] == volume["spec"]["storageClassName"] == ""
    assert volume["spec"]["claimRef"] == {"namespace": "hub", "name": "cvmfs"}
    assert volume["spec"]["csi"] == {"driver": "cvmfs.csi.cern.ch", "volumeHandle": VOLUME, "readOnly": True}


@pytest.mark.parametrize("attachment", [DYNAMIC, STATIC])
@pytest.mark.parametrize("phase", ["Bound", "Pending"])
def test_a_claim_that_exists_is_kept_and_nothing_else_is_asked(phase: str, attachment: ClaimAttachment) -> None:
    api = Volumes(hub__cvmfs=phase)
    run(make_claim, api, attachment)
    assert api.calls == [f"get {CLAIM}"]


def test_a_claim_that_is_still_being_removed_is_waited_for() -> None:
    api = Volumes(hub__cvmfs="Terminating")
    with pytest.raises(asyncio.TimeoutError):
        run(make_claim, api, DYNAMIC)
    del api.objects[CLAIM]
    run(make_claim, api, DYNAMIC)
    assert api.objects == {CLAIM: "Pending"}


def test_a_volume_whose_claim_has_gone_is_made_anew() -> None:
    api = Volumes(eessi_hub_cvmfs="Released")
    with pytest.raises(asyncio.TimeoutError):
        run(make_claim, api, STATIC)
    run(make_claim, api, STATIC)
    assert api.objects == {VOLUME: "Pending", CLAIM: "Pending"}


def test_a_volume_that_is_still_being_removed_is_waited_for() -> None:
    api = Volumes(eessi_hub_cvmfs="Terminating")
    with pytest.raises(asyncio.TimeoutError):
        run(make_claim, api, STATIC)
    assert CLAIM not in api.objects


@pytest.mark.parametrize("phase", ["Available", "Bound"])
def test_a_volume_that_waits_for_its_claim_is_taken(phase: str) -> None:
    api = Volumes(eessi_hub_cvmfs=phase)
    run(make_claim, api, STATIC)
    assert api.objects[CLAIM] == "Pending"


def test_a_hub_that_may_not_look_at_volumes_takes_the_one_that_is_there() -> None:
    class Blind(Volumes):
        async def _read(self, name: str) -> Any:
            if name == VOLUME:
                raise ApiException(status=403)
            return await super()._read(name)

    api = Blind(eessi_hub_cvmfs="Available")
    run(make_claim, api, STATIC)
    assert api.objects[CLAIM] == "Pending"


def test_a_claim_that_may_not_be_made_is_an_error_that_says_why() -> None:
    api = Volumes()
    api.forbidden = {"create"}
    with pytest.raises(ClaimError) as raised:
        run(make_claim, api, STATIC)
    assert raised.value.message == (
        "The volume claim cvmfs could not be made. The hub may not create persistentvolumes in the cluster."
    )
    assert "system:serviceaccount:hub:hub" in raised.value.advice


def test_a_claim_goes_with_its_volume_and_what_has_gone_is_fine() -> None:
    api = Volumes(hub__cvmfs="Bound", eessi_hub_cvmfs="Bound")
    run(remove_claim, api, STATIC)
    assert not api.objects
    run(remove_claim, api, STATIC)


def test_only_the_volume_of_a_static_claim_is_removed_by_hand() -> None:
    api = Volumes(hub__cvmfs="Bound", eessi_hub_cvmfs="Bound")
    run(remove_claim, api, DYNAMIC)
    assert api.calls == [f"delete {CLAIM}"]


def test_a_server_stops_though_its_claim_cannot_be_removed_and_the_next_one_takes_it_up(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop_pod(_spawner: object, _now: object) -> None:
        """Stand in for KubeSpawner's own part, which needs a cluster's watches."""

    monkeypatch.setattr(KubeSpawner, "stop", stop_pod)
    api = Volumes(hub__cvmfs="Bound")
    api.forbidden = {"delete"}
    spawner = make_spawner({"namespace": "hub"})
    spawner.api = api
    spawner.load_state({"eessi_claims": [asdict(DYNAMIC)]})
    loop.run_until_complete(spawner.stop())
    assert spawner.get_state()["eessi_claims"] == [asdict(DYNAMIC)]
    api.forbidden = set()
    loop.run_until_complete(spawner.stop())
    assert not api.objects
    assert "eessi_claims" not in spawner.get_state()
