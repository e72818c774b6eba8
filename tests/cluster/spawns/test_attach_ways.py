"""The ways to attach that are not the default, seen by a person; and what they tell where they cannot work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.cluster.claims import READ_ONLY_MANY, static_claim
from tests.cluster.pods import wait_until_gone
from tests.cluster.spawns.hubs import Person
from tests.cluster.spawns.places import Place
from tests.cluster.spawns.test_attach import read_only, use_numpy
from tests.cluster.spawns.test_trouble import SECONDS, Spawn
from tests.cluster.testbed.api import DRIVER, Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.fuse_image import FUSE_IMAGE, build_fuse_image
from tests.cluster.testbed.programs import wait_until
from tests.cluster.testbed.stack_image import build_stack_images

StartHub = Callable[..., Person]
PlaceOf = Callable[[str], Place]


@pytest.fixture
def labelled(api: Api) -> Iterator[str]:
    """Return a label that node-a alone has."""
    api.core.patch_node("node-a", {"metadata": {"labels": {"cvmfs": "yes"}}})
    yield "cvmfs=yes"
    api.core.patch_node("node-a", {"metadata": {"labels": {"cvmfs": None}}})


def test_a_directory_of_the_node_gives_a_kernel_and_a_node_without_the_label_is_never_chosen(
    person_on: StartHub, labelled: str, api: Api, place_of: PlaceOf
) -> None:
    api.core.patch_node("node-a", {"spec": {"unschedulable": True}})
    try:
        way = {"way": "host_path", "node_label": labelled}
        spawn = Spawn(person_on("privileged", eessi_attach=way), {"environments": ["scipy"]})
        message = spawn.wait_until_told("No node can take the server now", seconds=SECONDS)
        assert "1 node(s) didn't match Pod's node affinity/selector" in message
    finally:
        api.core.patch_node("node-a", {"spec": {"unschedulable": None}})
    assert "Server ready" in spawn.end()
    person = spawn.person
    use_numpy(person)
    assert read_only(person, "/cvmfs/software.eessi.io") == "Read-only file system"
    pod = api.core.read_namespaced_pod(f"jupyter-{person.name}", place_of("privileged").namespace)
    assert pod.spec.node_name == "node-a"


def test_a_node_without_the_directory_says_so(person_on: StartHub) -> None:
    spawn = Spawn(person_on("privileged", eessi_attach={"way": "host_path", "path": "/no/such/directory"}))
    spawn.wait_until_told("The node has no directory /no/such/directory, which the server needs.", seconds=SECONDS)
    spawn.person.stop()
    spawn.end()


def test_an_ephemeral_volume_gives_a_kernel_in_restricted_and_goes_with_the_pod(
    person_on: StartHub, api: Api, place_of: PlaceOf
) -> None:
    namespace = place_of("restricted").namespace

    def claims() -> list[str]:
        found = api.core.list_namespaced_persistent_volume_claim(namespace).items
        return [claim.metadata.name for claim in found if claim.spec.storage_class_name == "for-each-pod"]

    api.storage.create_storage_class({"metadata": {"name": "for-each-pod"}, "provisioner": DRIVER})
    try:
        person = person_on("restricted", eessi_attach={"way": "ephemeral", "storage_class": "for-each-pod"})
        assert "Attaching /cvmfs from a volume of class for-each-pod" in person.choose("scipy")
        assert claims() == [f"jupyter-{person.name}-eessi-cvmfs"]
        use_numpy(person)
        person.stop()
        wait_until("its claim is gone", lambda: not claims())
    finally:
        api.storage.delete_storage_class("for-each-pod")


def test_an_ephemeral_volume_takes_one_that_was_made_for_its_class(
    person_on: StartHub, api: Api, place_of: PlaceOf
) -> None:
    volume = {
        "accessModes": list(READ_ONLY_MANY),
        "capacity": {"storage": "1"},
        "storageClassName": "made-before",
        "csi": {"driver": DRIVER, "volumeHandle": "made-before"},
    }
    kind = {"metadata": {"name": "made-before"}, "provisioner": "kubernetes.io/no-provisioner"}
    api.storage.create_storage_class(kind)
    api.core.create_persistent_volume({"metadata": {"name": "made-before"}, "spec": volume})
    try:
        person = person_on("restricted", eessi_attach={"way": "ephemeral", "storage_class": "made-before"})
        assert "Server ready" in person.choose("scipy")[-1]
        bound = api.core.read_persistent_volume("made-before").spec.claim_ref
        assert (bound.namespace, bound.name) == (
            place_of("restricted").namespace,
            f"jupyter-{person.name}-eessi-cvmfs",
        )
        person.stop()
        read = api.core.read_persistent_volume
        wait_until("the volume is given back", lambda: read("made-before").status.phase == "Released")
    finally:
        api.core.delete_persistent_volume("made-before")
        api.storage.delete_storage_class("made-before")


def test_a_claim_of_another_access_mode_ends_the_start_with_the_mode_that_it_needs(
    person_on: StartHub, api: Api, place_of: PlaceOf
) -> None:
    namespace = place_of("restricted").namespace
    with static_claim(api.core, "of-one-mode", namespace=namespace, modes=["ReadWriteMany"]):
        person = person_on("restricted", eessi_attach={"way": "csi", "claim": "of-one-mode"})
        began = time.monotonic()
        told = person.choose("scipy")
        assert "has an access mode that the volume driver does not take" in told[-1]
        assert "with ReadOnlyMany alone" in told[-1]
        assert time.monotonic() - began < 2 * SECONDS
        name = f"jupyter-{person.name}"
        wait_until_gone(f"pod {name}", lambda: api.core.read_namespaced_pod(name, namespace))


@pytest.fixture(scope="module")
def fuse(stocked: Cluster) -> dict[str, object]:
    """Return the way `fuse`, of an image that is on all nodes."""
    stocked.import_image(build_fuse_image())
    return {"way": "fuse", "image": FUSE_IMAGE}


WATCH = """
import os, threading, time
def look():
    while True:
        try:
            seen.add(" ".join(os.listdir("/cvmfs/software.eessi.io")))
        except OSError as error:
            seen.add(error.strerror)
        time.sleep(0.02)
seen = set()
threading.Thread(target=look, daemon=True).start()
"""


def test_a_client_in_the_pod_gives_a_kernel_and_when_it_is_killed_the_server_heals(
    person_on: StartHub, fuse: dict[str, object], stocked: Cluster, api: Api, place_of: PlaceOf
) -> None:
    person = person_on("privileged", eessi_attach=fuse, images=build_stack_images())
    told = person.choose("scipy")
    assert "Attaching /cvmfs from a client in the pod" in told
    use_numpy(person)
    watcher = person.start_kernel("python3")
    person.run(watcher, WATCH)
    pod = api.core.read_namespaced_pod(f"jupyter-{person.name}", place_of("privileged").namespace)
    stocked.node(pod.spec.node_name).run(["pkill", "-KILL", "-f", "serve-repositories software.eessi.io"])
    wait_until("people see it", lambda: "Transport endpoint is not connected" in person.run(watcher, "seen").text)
    person.run(watcher, "seen.clear()")
    wait_until(
        "it is there again", lambda: "versions" in person.run(watcher, "seen.clear(); time.sleep(.1); seen").text
    )
    use_numpy(person)


def test_a_client_in_a_pod_is_refused_by_pod_security_with_a_way_out(
    person_on: StartHub, fuse: dict[str, object]
) -> None:
    told = person_on("baseline", eessi_attach=fuse).choose("scipy")
    assert "Pod Security 'baseline'" in told[-1]
    assert "allows no CernVM-FS client in a pod" in told[-1]
    assert "by a claim" in told[-1]


def test_a_device_that_no_node_has_is_waited_for_by_its_name(person_on: StartHub) -> None:
    spawn = Spawn(person_on("privileged", eessi_attach={"way": "fuse", "device": "github.com/fuse"}))
    spawn.wait_until_told("No node has the device github.com/fuse free", seconds=SECONDS)
    spawn.person.stop()
    spawn.end()
