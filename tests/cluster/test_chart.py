"""The chart on a real cluster: pods read by its claims, the hub has its rights, and what it made goes with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from eessi_spawner.demo.hub import free_port
from tests.chart.goldens import EXAMPLES
from tests.chart.helm import CHART, RELEASE
from tests.cluster.claims import WHOLE, volume_of
from tests.cluster.pods import pod, wait_until_gone
from tests.cluster.release import Release, helm_here
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.nfs import NFSServer
from tests.cluster.testbed.programs import wait_until

NAMESPACE = "charted"
CSI = [example.name for example in EXAMPLES if example.name.startswith("csi-")]
# Node Feature Discovery is not on this cluster, nor the images of the hub service.
CLAIMS_ALONE: dict[str, Any] = {"nodeFeatureRule": {"create": False}, "service": {"create": False}}
NOT_BUILT_IN = {"NodeFeatureRule", "ServiceMonitor"}


@pytest.fixture(scope="module")
def namespace(api: Api) -> str:
    api.core.create_namespace({"metadata": {"name": NAMESPACE}})
    api.wait_for_service_account(NAMESPACE)
    return NAMESPACE


@pytest.fixture
def release(namespace: str, api: Api, pytestconfig: pytest.Config) -> Iterator[Release]:
    made = Release(helm_here(pytestconfig), api, namespace, CHART)
    yield made
    made.remove()
    wait_until("nothing of it is left", lambda: not made.objects())


def values_of(example: str) -> dict[str, Any]:
    text = (CHART.parent / "examples" / example).read_text(encoding="utf-8")
    return {**yaml.safe_load(text), **CLAIMS_ALONE}


@contextlib.contextmanager
def reader(api: Api, image: str, claim: str) -> Iterator[Any]:
    """Make a pod that has a claim at /cvmfs."""
    volume = volume_of(claim)
    with pod(api, f"reads-{claim}", image=image, namespace=NAMESPACE, volume=volume, mount=WHOLE) as made:
        made.wait_for_phase("Running")
        yield made


@pytest.mark.parametrize("example", CSI)
def test_a_pod_reads_a_repository_by_the_claim_of_an_example(
    release: Release, api: Api, busybox: str, repository: str, example: str
) -> None:
    release.apply(values_of(example))
    with reader(api, busybox, "cvmfs") as user:
        assert user.run(f"cat /cvmfs/{repository}/README") == "mounted\n"


def test_a_pod_reads_what_an_nfs_server_exports_by_the_claim_of_the_example(
    release: Release, api: Api, busybox: str, testbed: Cluster, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    (export / "small.example.org").mkdir(parents=True)
    (export / "small.example.org/README").write_text("exported\n")
    server = NFSServer(export, tmp_path / "nfs", port=free_port())
    server.start()
    try:
        values = values_of("nfs.yaml")
        values["attach"]["nfs"] |= {
            "server": testbed.host_ip,
            "mountOptions": ["nfsvers=4", "ro", f"port={server.port}"],
        }
        release.apply(values)
        with reader(api, busybox, "cvmfs") as user:
            assert user.run("cat /cvmfs/small.example.org/README") == "exported\n"
    finally:
        server.stop()


def test_a_claim_of_another_name_replaces_one_under_pods_that_go_on(
    release: Release, api: Api, busybox: str, repository: str
) -> None:
    release.apply(values_of("csi-static.yaml"))
    with reader(api, busybox, "cvmfs") as old:
        other = values_of("csi-storage-class.yaml")
        other["attach"]["claim"] = "other"
        release.apply(other)
        with reader(api, busybox, "other") as new:
            assert new.run(f"cat /cvmfs/{repository}/README") == "mounted\n"
        assert old.run(f"cat /cvmfs/{repository}/README") == "mounted\n"
        assert "persistentvolumeclaim/cvmfs" in release.objects()
    wait_until_gone("the old claim", lambda: api.core.read_namespaced_persistent_volume_claim("cvmfs", NAMESPACE))
    assert [name for name in release.objects() if name.startswith("persistentvolumeclaim/")] == [
        "persistentvolumeclaim/other"
    ]


POOLS = {("list", "nodes"), ("watch", "nodes"), ("list", "pods"), ("watch", "pods")}
VOLUMES = {("create", "persistentvolumes"), ("get", "persistentvolumes"), ("delete", "persistentvolumes")}
NEVER = {("get", "nodes"), ("get", "pods"), ("delete", "pods"), ("list", "secrets"), ("list", "persistentvolumes")}


def hub_may(api: Api) -> set[tuple[str, str]]:
    """Return what of all these the hub may do in all namespaces."""
    authorization = client.AuthorizationV1Api(api.core.api_client)

    def is_allowed(verb: str, resource: str) -> bool:
        what = {"verb": verb, "resource": resource}
        spec = {"user": f"system:serviceaccount:{NAMESPACE}:hub", "resourceAttributes": what}
        return bool(authorization.create_subject_access_review({"spec": spec}).status.allowed)

    return {right for right in POOLS | VOLUMES | NEVER if is_allowed(*right)}


@pytest.mark.parametrize(
    ("values", "rights"),
    [
        ({}, POOLS),
        ({"nodes": False, "pods": False, "persistentVolumes": True}, VOLUMES),
        ({"nodes": False, "pods": False}, set()),
    ],
    ids=["by default", "volumes alone", "none"],
)
def test_the_hub_has_the_rights_that_are_switched_on_and_no_others(
    release: Release, api: Api, values: dict[str, bool], rights: set[tuple[str, str]]
) -> None:
    release.apply({"rbac": values, **CLAIMS_ALONE})
    wait_until("the API server has heard of the role", lambda: hub_may(api) == rights)


def test_notes_miss_the_hub_until_it_is_there(release: Release, api: Api) -> None:
    missed = "There is no ServiceAccount hub in this namespace yet"
    assert missed in release.apply(CLAIMS_ALONE)
    api.core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": "hub"}})
    assert missed not in release.apply(CLAIMS_ALONE)


@pytest.fixture(scope="module")
def strict_namespace(api: Api) -> Iterator[str]:
    """A namespace whose API server warns of pods that are not what Pod Security asks for at its strictest."""
    name = "examples-strict"
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    api.core.create_namespace({"metadata": {"name": name, "labels": labels}})
    api.wait_for_service_account(name)
    api.core.create_namespace({"metadata": {"name": "cvmfs"}})
    yield name
    api.core.delete_namespace("cvmfs")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_api_server_takes_all_that_an_example_makes_and_warns_of_no_pod(
    api: Api, strict_namespace: str, tmp_path: Path, pytestconfig: pytest.Config, example: Path
) -> None:
    where = ["--namespace", strict_namespace, "--kube-version", "1.34.0", "--values", example]
    done = helm_here(pytestconfig).run("template", RELEASE, CHART, *where)
    assert done.returncode == 0, done.stderr
    documents = [document for document in yaml.safe_load_all(done.stdout) if document]
    made = [document for document in documents if document["kind"] not in NOT_BUILT_IN]
    file = tmp_path / "made.yaml"
    file.write_text(yaml.safe_dump_all(made))
    taken = api.kubectl("create", "--dry-run=server", "--filename", str(file))
    assert taken.returncode == 0, taken.stderr
    assert len(taken.stdout.splitlines()) == len(made)
    assert "Warning" not in taken.stderr
