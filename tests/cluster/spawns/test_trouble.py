"""What only the cluster can know reaches the person in a sentence, soon, and ends or goes on as it should."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cluster.claims import claim_spec, static_claim
from tests.cluster.spawns.hubs import Person
from tests.cluster.spawns.places import Place
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.programs import wait_until

StartHub = Callable[..., Person]
PlaceOf = Callable[[str], Place]

ON_NODE_B = {"node_selector": {"kubernetes.io/hostname": "node-b"}}
# From the event to the progress page.
SECONDS = 20


class Spawn:
    """A spawn that goes on by itself, and what the person is told, each with its time."""

    def __init__(self, person: Person, options: Mapping[str, Any] | None = None) -> None:
        self.person = person
        self.began = time.monotonic()
        self.told: list[tuple[float, str]] = []
        assert person.ask(options or {}) == 202
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        for event in self.person.visitor.progress():
            self.told.append((time.monotonic(), event.get("message", "")))

    def wait_until_told(self, words: str, *, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for _, message in self.told:
                if words in message:
                    return message
            time.sleep(0.1)
        raise AssertionError(f"{words!r} was not told within {seconds} s, but: {self.told}")

    def end(self) -> str:
        """Return the last that was told."""
        self._thread.join(150)
        assert not self._thread.is_alive(), self.told
        return self.told[-1][1]


@contextmanager
def nothing_left(api: Api, place: Place) -> Iterator[None]:
    """Check that no pod is there afterwards that was not there before."""

    def pods() -> set[str]:
        return {pod.metadata.name for pod in api.core.list_namespaced_pod(place.namespace).items}

    before = pods()
    yield
    wait_until("no pod is left", lambda: pods() <= before, 30)


def test_a_missing_claim_is_told_at_once_and_ends_the_start_after_half_a_minute(
    person_on: StartHub, place_of: PlaceOf, api: Api
) -> None:
    with nothing_left(api, place_of("restricted")):
        spawn = Spawn(person_on("restricted", eessi_attach={"way": "csi", "claim": "nowhere"}))
        spawn.wait_until_told("The volume claim nowhere, which the server needs, does not exist.", seconds=SECONDS)
        last = spawn.end()
        assert "The volume claim nowhere" in last
        assert 30 <= time.monotonic() - spawn.began < 60


def test_a_missing_claim_that_is_made_in_time_is_waited_for(person_on: StartHub, place_of: PlaceOf, api: Api) -> None:
    spawn = Spawn(person_on("restricted", eessi_attach={"way": "csi", "claim": "late"}))
    spawn.wait_until_told("claim late", seconds=SECONDS)
    with static_claim(api.core, "late", namespace=place_of("restricted").namespace):
        assert "Server ready" in spawn.end()
        spawn.person.stop()


def test_a_pending_claim_is_waited_for_with_the_reason(person_on: StartHub, place_of: PlaceOf, api: Api) -> None:
    namespace = place_of("restricted").namespace
    spec = claim_spec(storageClassName="", volumeName="not-yet")
    api.core.create_namespaced_persistent_volume_claim(namespace, {"metadata": {"name": "pending"}, "spec": spec})
    spawn = Spawn(person_on("restricted", eessi_attach={"way": "csi", "claim": "pending"}))
    spawn.wait_until_told("has no volume yet", seconds=SECONDS)
    spawn.person.stop()
    api.core.delete_namespaced_persistent_volume_claim("pending", namespace)
    spawn.end()


def test_a_node_without_the_driver_is_waited_for_by_name(person_on: StartHub, stocked: Cluster, api: Api) -> None:
    node = stocked.node("node-b")
    node.stop_driver()
    try:
        api.wait_for_drivers({"node-a"})
        spawn = Spawn(person_on("restricted", **ON_NODE_B))
        spawn.wait_until_told("has no volume driver cvmfs.csi.cern.ch yet", seconds=SECONDS)
        node.start_driver()
        assert "Server ready" in spawn.end()
    finally:
        node.start_driver()
        api.wait_for_drivers({"node-a", "node-b"})


def test_what_no_node_can_take_is_waited_for_with_the_schedulers_words(person_on: StartHub) -> None:
    spawn = Spawn(person_on("restricted", cpu_guarantee=500))
    message = spawn.wait_until_told("No node can take the server now", seconds=SECONDS)
    assert "Insufficient cpu" in message
    spawn.person.stop()
    spawn.end()


@pytest.mark.parametrize("image", ["Not A Name", "localhost/x:y:z"])
def test_an_image_name_that_is_none_ends_the_start_at_once(
    image: str, person_on: StartHub, place_of: PlaceOf, api: Api
) -> None:
    with nothing_left(api, place_of("restricted")):
        told = person_on("restricted", image=image).choose("scipy")
        assert "is not the name of an image" in told[-1] or "image is not valid" in told[-1]


def test_a_quota_that_is_used_up_is_told_by_its_name(person_on: StartHub, place_of: PlaceOf, api: Api) -> None:
    namespace = place_of("baseline").namespace
    quota: Mapping[str, Any] = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}}}
    api.core.create_namespaced_resource_quota(namespace, quota)
    try:
        time.sleep(2)
        told = person_on("baseline").choose("scipy")
        assert "The quota few of this hub's namespace is used up" in told[-1]
    finally:
        api.core.delete_namespaced_resource_quota("few", namespace)
