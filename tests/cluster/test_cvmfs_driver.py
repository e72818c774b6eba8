"""/cvmfs in pods by the CSI driver's double: what is seen, what is refused, what dies and what heals."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.claims import WHOLE, claim_spec, static_claim, volume_of
from tests.cluster.pods import Pod, pod
from tests.cluster.testbed.api import DRIVER, Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.node import Node
from tests.cluster.testbed.programs import wait_until

DEAD = "Transport endpoint is not connected"


@pytest.fixture(scope="module")
def claim(api: Api) -> Iterator[str]:
    with static_claim(api.core, "cvmfs") as name:
        yield name


@pytest.fixture
def node(testbed: Cluster) -> Node:
    return testbed.node("node-a")


@pytest.fixture
def user(api: Api, busybox: str, claim: str, node: Node) -> Iterator[Pod]:
    """Return a pod on the node that has all of /cvmfs."""
    with pod(api, "user", image=busybox, node=node.name, volume=volume_of(claim), mount=WHOLE) as made:
        made.wait_for_phase("Running")
        yield made


def test_a_pod_reads_a_repository_and_cannot_write(user: Pod, repository: str) -> None:
    assert user.run(f"cat /cvmfs/{repository}/README") == "mounted\n"
    assert "Read-only file system" in user.run(f"touch /cvmfs/{repository}/README")
    assert "No such file or directory" in user.run("ls /cvmfs/no.such.repository")


def test_a_repository_first_used_after_the_pod_started_is_seen(
    user: Pod, node: Node, repositories: Path, repository: str
) -> None:
    image = repositories / "late.example.org.sqsh"
    shutil.copy(repositories / f"{repository}.sqsh", image)
    assert "late.example.org" not in node.repositories()
    assert user.run("cat /cvmfs/late.example.org/README") == "mounted\n"
    assert "late.example.org" in node.repositories()
    image.unlink()


def test_without_propagation_a_repository_is_a_loop_of_links(
    api: Api, busybox: str, claim: str, repositories: Path, repository: str
) -> None:
    image = repositories / "loop.example.org.sqsh"
    shutil.copy(repositories / f"{repository}.sqsh", image)
    private = {"mountPath": "/cvmfs"}
    with pod(api, "loop", image=busybox, volume=volume_of(claim), mount=private) as loop:
        loop.wait_for_phase("Running")
        assert "Too many levels of symbolic links" in loop.run("cat /cvmfs/loop.example.org/README")
    image.unlink()


def test_a_volume_of_one_repository_is_its_root(api: Api, busybox: str, repository: str) -> None:
    single = {"mountPath": "/one"}
    with (
        static_claim(api.core, "one", attributes={"repository": repository}) as name,
        pod(api, "one", image=busybox, volume=volume_of(name), mount=single) as one,
    ):
        one.wait_for_phase("Running")
        assert one.run("cat /one/README") == "mounted\n"


@pytest.mark.parametrize(
    ("modes", "attributes", "words"),
    [
        (["ReadWriteMany"], {}, "volume access mode must be ReadOnlyMany"),
        (["ReadOnlyMany"], {"tag": "trunk"}, "volume parameter tag is not supported"),
        (["ReadOnlyMany"], {"hash": "0"}, "volume parameter hash is not supported"),
        (["ReadOnlyMany"], {"clientConfig": "A=b"}, "repository must be set too when specifying clientConfig"),
        (
            ["ReadOnlyMany"],
            {"clientConfig": "A=b", "repository": "x"},
            "this double of the driver mounts no volume with",
        ),
        (["ReadOnlyMany"], {"repository": "no.such.repository"}, "failed to bind mount: exit status 32"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_driver_refuses_stands_in_the_pods_events(
    api: Api, busybox: str, modes: list[str], attributes: dict[str, str], words: str
) -> None:
    with (
        static_claim(api.core, "refused", modes=modes, attributes=attributes) as name,
        pod(api, "refused", image=busybox, volume=volume_of(name), mount=WHOLE) as refused,
    ):
        refused.wait_for_event(words)
        assert refused.read().status.phase == "Pending"


def test_a_dead_client_stays_dead_while_held_and_heals_in_the_same_pod(user: Pod, node: Node, repository: str) -> None:
    readme = f"/cvmfs/{repository}/README"
    assert user.run(f"cat {readme}") == "mounted\n"
    user.run(f"(cd /cvmfs/{repository} && exec sleep 1000000) >/dev/null 2>&1 & mkdir -p /tmp; echo $! > /tmp/holder")
    node.kill_client(repository)
    try:
        assert DEAD in user.run(f"cat {readme}")
        node.start_reconciler(period=0.2)
        wait_until("the reconciler cannot unmount", lambda: "target is busy" in node.log("reconciler"))
        assert DEAD in user.run(f"cat {readme}")
        user.run("kill $(cat /tmp/holder)")
        wait_until("it is mounted anew", lambda: user.run(f"cat {readme}") == "mounted\n")
        assert user.read().status.container_statuses[0].restart_count == 0
    finally:
        node.start_reconciler()


def test_a_node_without_the_driver_says_so_until_it_comes(api: Api, busybox: str, claim: str, testbed: Cluster) -> None:
    node = testbed.node("node-b")
    node.stop_driver()
    try:
        api.wait_for_drivers({"node-a"})
        with pod(api, "without", image=busybox, node=node.name, volume=volume_of(claim), mount=WHOLE) as without:
            without.wait_for_event(f"driver name {DRIVER} not found in the list of registered CSI drivers")
            node.start_driver()
            without.wait_for_phase("Running")
    finally:
        node.start_driver()
        api.wait_for_drivers({"node-a", "node-b"})


@pytest.fixture
def storage_class(api: Api, repository: str) -> Iterator[str]:
    """Return the name of a class whose volumes are of one repository."""
    api.storage.create_storage_class(
        {"metadata": {"name": "of-tests"}, "provisioner": DRIVER, "parameters": {"repository": repository}}
    )
    yield "of-tests"
    api.storage.delete_storage_class("of-tests")


def test_a_claim_of_a_class_gets_a_volume_that_goes_with_it(api: Api, busybox: str, storage_class: str) -> None:
    spec = claim_spec(storageClassName=storage_class)
    api.core.create_namespaced_persistent_volume_claim("default", {"metadata": {"name": "classy"}, "spec": spec})
    with pod(api, "classy", image=busybox, volume=volume_of("classy"), mount={"mountPath": "/one"}) as classy:
        classy.wait_for_phase("Running")
        assert classy.run("cat /one/README") == "mounted\n"
    volume = api.core.read_namespaced_persistent_volume_claim("classy", "default").spec.volume_name
    api.core.delete_namespaced_persistent_volume_claim("classy", "default")
    volumes = api.core.list_persistent_volume
    wait_until("the volume is gone", lambda: volume not in [found.metadata.name for found in volumes().items])


def test_a_claim_to_write_fails_with_the_drivers_words(api: Api, storage_class: str) -> None:
    spec = claim_spec(["ReadWriteOnce"], storageClassName=storage_class)
    api.core.create_namespaced_persistent_volume_claim("default", {"metadata": {"name": "writes"}, "spec": spec})

    def messages() -> list[str]:
        events = api.core.list_namespaced_event("default", field_selector="involvedObject.name=writes")
        return [event.message for event in events.items if event.reason == "ProvisioningFailed"]

    wait_until("it failed", messages)
    assert messages() == [
        'failed to provision volume with StorageClass "of-tests": rpc error: code = InvalidArgument '
        "desc = volume access mode must be MULTI_NODE_READER_ONLY (ReadOnlyMany)"
    ]
    assert api.core.read_namespaced_persistent_volume_claim("writes", "default").status.phase == "Pending"
    api.core.delete_namespaced_persistent_volume_claim("writes", "default")
