"""A namespace for each user: the claim is made there before the pod, and goes with the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.spawner.claims import volume_manifest
from tests.cluster.spawns.hubs import Person
from tests.cluster.spawns.places import USER_NAMESPACE_RULES, Place, grant_everywhere
from tests.cluster.spawns.test_attach import use_numpy
from tests.cluster.testbed.api import DRIVER, Api
from tests.cluster.testbed.programs import wait_until

STATIC_RULES = ({"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": ["create", "delete", "get"]},)
NAMESPACES = {
    "enable_user_namespaces": True,
    "user_namespace_template": "of-{username}",
    "user_namespace_labels": {"pod-security.kubernetes.io/enforce": "restricted"},
}


@pytest.fixture(scope="module")
def place(place_of: Callable[[str], Place], api: Api) -> Iterator[Place]:
    """A hub's place with what user namespaces need, and a class of the driver's."""
    granted = place_of("restricted")
    grant_everywhere(api, granted, (*USER_NAMESPACE_RULES, *STATIC_RULES))
    api.storage.create_storage_class(
        {"metadata": {"name": "cvmfs"}, "provisioner": DRIVER, "volumeBindingMode": "Immediate"}
    )
    yield granted
    api.storage.delete_storage_class("cvmfs")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("way", [{"storage_class": "cvmfs"}, {"static": True}], ids=["class", "static"])
def test_the_claim_is_made_before_the_pod_and_goes_with_the_server(
    way: dict[str, Any], person_on: Callable[..., Person], api: Api
) -> None:
    person = person_on("restricted", eessi_attach={"way": "csi", **way}, **NAMESPACES)
    told = person.choose("scipy")
    namespace = f"of-{person.name}"
    assert f"Attaching /cvmfs from claim jupyter-{person.name}-cvmfs" in told
    use_numpy(person)
    person.stop()
    wait_until("the claim is gone", lambda: not api.core.list_namespaced_persistent_volume_claim(namespace).items)
    wait_until("its volume is gone", lambda: not _volumes_of(api, namespace))
    assert api.core.read_namespace(namespace).status.phase == "Active", "the namespace stays"


@pytest.mark.usefixtures("place")
def test_a_volume_that_is_bound_for_ever_to_a_claim_that_has_gone_is_made_anew(
    person_on: Callable[..., Person], api: Api
) -> None:
    person = person_on("restricted", eessi_attach={"way": "csi", "static": True}, **NAMESPACES)
    namespace = f"of-{person.name}"
    volume = volume_manifest(namespace, ClaimAttachment(claim=f"jupyter-{person.name}-cvmfs", static=True))
    gone = {**volume["spec"]["claimRef"], "uid": "00000000-0000-0000-0000-000000000000"}
    made = api.core.create_persistent_volume({**volume, "spec": {**volume["spec"], "claimRef": gone}})
    name = made.metadata.name
    wait_until("it is released", lambda: api.core.read_persistent_volume(name).status.phase == "Released")
    assert "Server ready" in person.choose("scipy")[-1]
    assert api.core.read_persistent_volume(name).metadata.uid != made.metadata.uid
    person.stop()


def _volumes_of(api: Api, namespace: str) -> list[str]:
    claimed = [(found.metadata.name, found.spec.claim_ref) for found in api.core.list_persistent_volume().items]
    return [name for name, claim in claimed if claim and claim.namespace == namespace]


def test_a_static_volume_without_the_right_to_make_one_is_refused_in_words(
    person_on: Callable[..., Person],
) -> None:
    person = person_on("baseline", eessi_attach={"way": "csi", "claim": "own", "static": True})
    told = person.choose("scipy")
    assert "The hub may not create persistentvolumes in the cluster." in told[-1]
