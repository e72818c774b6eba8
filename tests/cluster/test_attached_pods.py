"""Every way to attach before the API server, and claims of administrators' examples in pods of two namespaces."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.checks.refusal import explain_refusal
from eessi_spawner.spawner.claims import claim_manifest, volume_manifest
from tests.cluster.patched_pods import applied, patched_pod
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.node import Node
from tests.contract.attached_pods import LEVELS, WAYS
from tests.contract.test_every_way import pod_with

CLIENT = "csi client"
COURSE = "course"


@pytest.fixture(scope="module")
def levels(api: Api) -> dict[str, str]:
    """Return a namespace for each level of Pod Security."""
    for level in LEVELS:
        labels = {"pod-security.kubernetes.io/enforce": level}
        api.core.create_namespace({"metadata": {"name": f"level-{level}", "labels": labels}})
        api.wait_for_service_account(f"level-{level}")
    return {level: f"level-{level}" for level in LEVELS}


@pytest.fixture(scope="module")
def course(api: Api) -> str:
    """Return another namespace than `default`."""
    api.core.create_namespace({"metadata": {"name": COURSE}})
    api.wait_for_service_account(COURSE)
    return COURSE


@pytest.mark.parametrize("name", WAYS)
def test_the_api_server_takes_the_pod_at_the_level_that_the_way_states_and_at_none_below(
    name: str, api: Api, levels: dict[str, str]
) -> None:
    pod = pod_with(WAYS[name].settings)
    allowed = LEVELS.index(WAYS[name].level)
    for position, level in enumerate(LEVELS):
        if position >= allowed:
            api.core.create_namespaced_pod(levels[level], pod, dry_run="All")
            continue
        with pytest.raises(ApiException) as raised:
            api.core.create_namespaced_pod(levels[level], pod, dry_run="All")
        refusal = explain_refusal(raised.value.status, raised.value.body)
        assert f"Pod Security '{level}'" in refusal.message
        assert "attach" in refusal.advice


def test_a_volume_with_a_client_of_its_own_is_kept_as_it_was_written(api: Api) -> None:
    (attachment,) = parse_attachments(dict(WAYS[CLIENT].settings))
    volume: Any = volume_manifest("default", attachment)  # type: ignore[arg-type]
    claim: Any = claim_manifest("default", attachment)  # type: ignore[arg-type]
    made = api.core.create_persistent_volume(volume, dry_run="All")
    api.core.create_namespaced_persistent_volume_claim("default", claim, dry_run="All")
    assert made.spec.csi.volume_attributes == volume["spec"]["csi"]["volumeAttributes"]
    assert set(made.spec.csi.volume_attributes) == {"repository", "clientConfig", "sharedMountID"}


def test_the_example_of_an_own_client_is_bound(api: Api, tmp_path: Path) -> None:
    with applied(api, "own-client.yaml", tmp_path, {"jhub": "default"}):
        done = api.kubectl(
            "wait", "pvc/cvmfs-software.eessi.io", "--for=jsonpath={.status.phase}=Bound", "--timeout=20s"
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def two_repositories(repositories: Path, repository: str) -> Iterator[tuple[str, str]]:
    """Return two repositories, each with what *repository* has."""
    names = ("one.example.org", "two.example.org")
    for name in names:
        (repositories / f"{name}.sqsh").symlink_to(repositories / f"{repository}.sqsh")
    yield names
    for name in names:
        (repositories / f"{name}.sqsh").unlink()


def test_two_repositories_of_a_class_each_are_in_one_pod_and_in_another_namespace_at_once(
    api: Api, busybox: str, course: str, two_repositories: tuple[str, str], tmp_path: Path
) -> None:
    one, two = two_repositories
    words = {"software.eessi.io": one, "site.example.org": two}
    ways = [{"way": "csi", "repository": name} for name in two_repositories]
    with (
        applied(api, "repository-classes.yaml", tmp_path, {**words, "jhub": "default"}),
        applied(api, "repository-classes.yaml", tmp_path, {**words, "jhub": course}),
        patched_pod(api, "two", *ways, image=busybox, namespace="default", node="node-a") as here,
        patched_pod(api, "two", *ways, image=busybox, namespace=course, node="node-a") as there,
    ):
        for pod in (here, there):
            pod.wait_for_phase("Running")
            for name in two_repositories:
                assert pod.run(f"cat /cvmfs/{name}/README") == "mounted\n"
                assert "Read-only" in pod.run(f"touch /cvmfs/{name}/x")


class SharedDirectory:
    """The example's directory on node-a, with a repository mounted below it."""

    def __init__(self, node: Node, repository: str) -> None:
        self._node = node
        self._point = f"/var/lib/cvmfs-k8s/{repository}"
        self._image = f"/repositories/{repository}.sqsh"
        self.readme = f"/cvmfs/{repository}/README"

    def mount(self) -> None:
        self._node.run(["mkdir", "-p", self._point])
        argv = [*self._node.enter, "squashfuse", "-o", "allow_other,ro", self._image, self._point]
        # It stays as a daemon that keeps what it inherits.
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def unmount(self) -> None:
        self._node.run(["umount", self._point])


@pytest.fixture
def shared(testbed: Cluster, repository: str, api: Api) -> Iterator[SharedDirectory]:
    """Let node-a have the directory, and the label that the example asks for."""
    directory = SharedDirectory(testbed.node("node-a"), repository)
    directory.mount()
    api.core.patch_node("node-a", {"metadata": {"labels": {"cvmfs": "yes"}}})
    yield directory
    api.core.patch_node("node-a", {"metadata": {"labels": {"cvmfs": None}}})
    directory.unmount()


def test_a_shared_directory_is_read_by_claims_of_two_namespaces_at_once_on_its_nodes_alone_and_heals(
    api: Api, busybox: str, course: str, shared: SharedDirectory, tmp_path: Path
) -> None:
    way = WAYS["host_path claim"].settings
    with (
        applied(api, "shared-directory.yaml", tmp_path, {"jhub": "default"}),
        patched_pod(api, "shared", way, image=busybox, namespace="default") as one,
        patched_pod(api, "shared", way, image=busybox, namespace=course) as other,
        patched_pod(api, "kept-off", way, image=busybox, namespace=course, node="node-b") as kept_off,
    ):
        for pod in (one, other):
            pod.wait_for_phase("Running")
            assert pod.read().spec.node_name == "node-a"
            assert pod.run(f"cat {shared.readme}") == "mounted\n"
        kept_off.wait_for_event("FailedScheduling")
        # What heals the directory heals its pods: they have it with propagation, and not a repository.
        shared.unmount()
        assert "No such file" in one.run(f"cat {shared.readme}")
        shared.mount()
        assert one.run(f"cat {shared.readme}") == other.run(f"cat {shared.readme}") == "mounted\n"
