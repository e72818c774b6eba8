"""A real cluster: of the test bed's own nodes, or the one that EESSI_TEST_KUBECONFIG says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.stock import stock
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.busybox import BUSYBOX, busybox_archive
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.mount_nfs import build_mount_nfs
from tests.cluster.testbed.requirements import missing

# Read here, since every test is kept from the caller's settings.
KUBECONFIG = os.environ.get("EESSI_TEST_KUBECONFIG")


@dataclass(frozen=True)
class SomebodysCluster:
    """A cluster that was there before: its nodes are not ours to enter or break."""

    kubeconfig: Path


def unavailable(config: pytest.Config, reason: str) -> None:
    """Skip; where nothing may be skipped, fail."""
    if config.getoption("--no-skips"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder whose images NAME.sqsh the test bed's nodes show as /cvmfs/NAME."""
    return tmp_path_factory.mktemp("repositories")


@pytest.fixture(scope="session")
def mount_helpers() -> Path:
    """Return the folder where the test bed's kubelets look first for programs: there is `mount.nfs`."""
    return build_mount_nfs()


@pytest.fixture(scope="session")
def cluster(
    repositories: Path, mount_helpers: Path, artefacts: Path, pytestconfig: pytest.Config
) -> Iterator[Cluster | SomebodysCluster]:
    """Return a cluster with EESSI's repositories at hand; the test bed's is started here."""
    if KUBECONFIG:
        yield SomebodysCluster(Path(KUBECONFIG))
        return
    if lacking := missing():
        unavailable(pytestconfig, lacking)
    logs = artefacts / "cluster"
    name = f"tests-{os.getpid()}"
    with Cluster(repositories, name=name, mount_helpers=mount_helpers, keep_logs=logs) as testbed:
        yield testbed


@pytest.fixture(scope="session")
def testbed(cluster: Cluster | SomebodysCluster, pytestconfig: pytest.Config) -> Cluster:
    """Return the cluster for tests that look into its nodes, or break them."""
    if not isinstance(cluster, Cluster):
        unavailable(pytestconfig, "only the test bed's nodes can be entered and broken")
    assert isinstance(cluster, Cluster)
    return cluster


@pytest.fixture(scope="session")
def stocked(testbed: Cluster, repositories: Path) -> Cluster:
    """Return the cluster with the stack in its /cvmfs and the images of users' servers on its nodes."""
    stock(testbed, repositories)
    return testbed


@pytest.fixture(scope="session")
def api(cluster: Cluster | SomebodysCluster) -> Iterator[Api]:
    with Api(cluster.kubeconfig) as connection:
        yield connection


@pytest.fixture(scope="session")
def busybox(testbed: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of an image with a shell and little else."""
    testbed.import_image(busybox_archive(tmp_path_factory.mktemp("busybox")))
    return BUSYBOX


@pytest.fixture(scope="session")
def repository(repositories: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the name of a repository with one file, README, and a large one, data."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "README").write_text("mounted\n")
    (tree / "data").write_bytes(os.urandom(1 << 22))
    name = "small.example.org"
    image = repositories / f"{name}.sqsh"
    subprocess.run(["mksquashfs", tree, image, "-quiet", "-no-progress"], check=True, capture_output=True)
    yield name
    image.unlink()
