"""A client of CernVM-FS in the pod itself: what the notebook container sees, what heals, and what stays on the node."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.attach.fuse import CONTAINER
from eessi_spawner.checks.pod_start import find_trouble
from tests.cluster.patched_pods import patched_pod
from tests.cluster.pods import Pod
from tests.cluster.test_cvmfs_driver import DEAD
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.fuse_image import FUSE_IMAGE, build_fuse_image
from tests.cluster.testbed.node import Node
from tests.cluster.testbed.programs import wait_until

PODS = 20


@pytest.fixture(scope="module")
def fuse_image(testbed: Cluster) -> str:
    testbed.import_image(build_fuse_image())
    return FUSE_IMAGE


@pytest.fixture
def way(fuse_image: str, repository: str) -> dict[str, Any]:
    return {"way": "fuse", "image": fuse_image, "repositories": [repository]}


@pytest.fixture
def node(testbed: Cluster) -> Node:
    return testbed.node("node-a")


@pytest.fixture
def user(api: Api, busybox: str, way: dict[str, Any], node: Node) -> Iterator[Pod]:
    with patched_pod(api, "fuse", way, image=busybox, namespace="default", node=node.name) as made:
        made.wait_for_phase("Running")
        yield made


def mounts_of_pods(node: Node) -> list[str]:
    """Return where the node has FUSE mounts of pods, dead or alive."""
    lines = Path(f"/proc/{node.first_pid}/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in lines if "/volumes/kubernetes.io~empty-dir/" in line and " - fuse" in line]


def test_the_notebook_reads_what_the_sidecar_mounts_and_may_do_nothing_more(user: Pod, repository: str) -> None:
    assert user.run(f"cat /cvmfs/{repository}/README") == "mounted\n"
    assert "Read-only file system" in user.run(f"touch /cvmfs/{repository}/x")
    assert "Read-only file system" in user.run("touch /cvmfs/x")
    assert "can't open /dev/fuse" in user.run("cat /dev/fuse").replace("can't open '/dev/fuse'", "can't open /dev/fuse")
    # A start that goes well has nothing to explain to a person.
    assert not [event for event in user.events() if event.startswith(("Unhealthy", "BackOff", "Failed"))]


def test_a_client_that_is_killed_is_started_again_and_heals_in_the_running_pod(
    user: Pod, node: Node, repository: str
) -> None:
    readme = f"/cvmfs/{repository}/README"
    assert user.run(f"cat {readme}") == "mounted\n"
    # A process that holds a file of the dead mount keeps no other from the new one.
    user.run(f"(cd /cvmfs/{repository} && exec sleep 1000000) >/dev/null 2>&1 &")
    # Kubelet may be fast: what is read in between is kept.
    user.run(f"mkdir -p /tmp; (while sleep 0.02; do head -c 8 {readme}; done) >/tmp/read 2>&1 &")
    node.run(["pkill", "-KILL", "-f", f"serve-repositories {repository}"])
    wait_until("it is dead", lambda: DEAD in user.run("cat /tmp/read"))
    wait_until("it is mounted anew", lambda: user.run(f"cat {readme}") == "mounted\n")

    def restarts() -> dict[str, int]:
        return {found.name: found.restart_count for found in user.read().status.init_container_statuses}

    wait_until("kubelet says so", lambda: restarts() == {CONTAINER: 1})
    assert user.read().status.container_statuses[0].restart_count == 0
    assert len(mounts_of_pods(node)) == 1, "the dead mount is gone"


def test_nothing_is_mounted_on_the_nodes_after_twenty_pods(
    api: Api, busybox: str, way: dict[str, Any], testbed: Cluster, repository: str
) -> None:
    def use(number: int) -> str:
        with patched_pod(api, f"fuse-{number}", way, image=busybox, namespace="default") as made:
            made.wait_for_phase("Running")
            # Something that is still open when the pod ends.
            made.run(f"(cd /cvmfs/{repository} && exec sleep 1000000) >/dev/null 2>&1 &")
            return made.run(f"cat /cvmfs/{repository}/README")

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(use, range(PODS))) == {"mounted\n"}
    for node in testbed.nodes:
        wait_until(f"nothing is mounted, {mounts_of_pods(node)}", lambda node=node: not mounts_of_pods(node))


def test_a_client_that_cannot_mount_says_so_in_the_pods_events(api: Api, busybox: str, way: dict[str, Any]) -> None:
    nowhere = {**way, "repositories": ["no.such.repository"]}
    with patched_pod(api, "nowhere", nowhere, image=busybox, namespace="default") as made:
        made.wait_for_event("Back-off restarting failed container eessi-fuse")
        as_json = api.core.api_client.sanitize_for_serialization
        events = api.core.list_namespaced_event("default", field_selector="involvedObject.name=nowhere").items
        codes = {finding.code for finding in find_trouble(as_json(made.read()), as_json(events))}
        assert "client_failed" in codes
