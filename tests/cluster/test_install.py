"""Installed as the guide says: the chart, a hub with its overlay, and people who run notebooks there.

The tests of this file go on one with the other, as an administrator does with a cluster.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from eessi_spawner.demo.visitor import Visitor
from tests.chart.helm import CHART, Helm
from tests.cluster.claims import static_claim
from tests.cluster.release import Release, helm_here
from tests.cluster.spawns.hubs import Person
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.images import HUBS, build_images, reference
from tests.cluster.testbed.nfs import NFSServer
from tests.cluster.testbed.programs import wait_until
from tests.cluster.testbed.stack_image import build_stack_tree

NAMESPACE = "jhub"
TEST_POD = "eessi-test"
REPOSITORY = CHART.parents[1]
# The lines that the README asks for: of our chart, and of the hub's.
LINES = re.findall(r"^helm (.+)$", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
HUBS_ADDRESS = re.compile(r"jupyterhub --repo \S+ --version \S+")
OVERLAY = CHART.parent / "jupyterhub-values.yaml"
# What stands in for the chart of Zero to JupyterHub.
JUPYTERHUB = Path(__file__).with_name("jupyterhub")
SCIPY = {"name": "scipy", "release": "2025.06", "modules": ["SciPy-bundle/2025.07-gfbf-2025b"]}
OLDER = {"name": "older", "release": "2023.06", "modules": ["SciPy-bundle/2023.11-gfbf-2023b"]}
NUMPY = "import numpy; print(numpy.__file__)"
# What Pod Security `restricted` asks for (docs/admin/attach.md).
RESTRICTED = {
    "container_security_context": {"capabilities": {"drop": ["ALL"]}},
    "pod_security_context": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}
# Without a registry, a disk for each claim, and Node Feature Discovery.
HERE: dict[str, Any] = {
    "nodeFeatureRule": {"create": False},
    "service": {
        "image": {"repository": reference("service").rpartition(":")[0], "tag": "test", "pullPolicy": "Never"},
        "database": {"claim": {"keep": False}},
        "catalogue": {"updateHours": 0},
    },
}


def image(name: str) -> dict[str, str]:
    repository, _, tag = reference(name).rpartition(":")
    return {"name": repository, "tag": tag, "pullPolicy": "Never"}


def hub_values(*environments: dict[str, Any]) -> dict[str, Any]:
    """Return what an administrator's own values say beside the overlay."""
    config = {
        "JupyterHub": {"authenticator_class": "dummy"},
        "Authenticator": {"allow_all": True},
        "EESSISpawner": {"eessi_environments": list(environments), **RESTRICTED},
    }
    return {"hub": {"image": image("hub"), "config": config}, "singleuser": {"image": image("user")}}


def chart_values(example: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART.parent / "examples" / example).read_text(encoding="utf-8"))
    return {**values, **HERE}


@dataclass(frozen=True)
class Site:
    """A cluster with the chart and a hub, and where people reach it."""

    chart: Release
    hub: Release
    api: Api
    cluster: Cluster

    @property
    def url(self) -> str:
        service = self.api.core.read_namespaced_service("proxy-public", NAMESPACE)
        return f"http://{service.spec.cluster_ip}/"

    def upgrade(self, hub: dict[str, Any]) -> None:
        """Give the hub other values."""
        self.hub.apply(hub, OVERLAY)
        self.wait()

    def wait(self) -> None:
        """Wait until all pods are those of the last values, and people are answered."""
        self.cluster.names.publish(self.api)
        for name in ("proxy", "hub", "eessi-service"):
            self._wait(f"deployment/{name}")
        wait_until("people reach the hub", lambda: Visitor(self.url).request("hub/login").status == 200)

    def _wait(self, what: str) -> None:
        where = f"--namespace={NAMESPACE}"
        done = self.api.kubectl("rollout", "status", where, what, "--timeout=150s")
        if done.returncode:
            said = self.api.kubectl("describe", "pods", where).stdout[-6000:]
            logs = self.api.kubectl("logs", where, what, "--tail=80").stdout
            pytest.fail(f"{done.stdout}{done.stderr}\n{said}\n{logs}")

    def pod_of(self, person: Person) -> str:
        """Return the unique id of somebody's pod."""
        pods = self.api.core.list_namespaced_pod(NAMESPACE, label_selector=f"hub.jupyter.org/username={person.name}")
        [pod] = pods.items
        return str(pod.metadata.uid)


@pytest.fixture(scope="module")
def namespace(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A namespace under the strictest Pod Security, with the disks that a cluster's own StorageClass would make."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.core.create_namespace({"metadata": {"name": NAMESPACE, "labels": labels}})
    api.wait_for_service_account(NAMESPACE)
    disk = tmp_path_factory.mktemp("disk")
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "claimRef": {"namespace": NAMESPACE, "name": "eessi-service"},
        **on_disk(disk),
    }
    api.core.create_persistent_volume({"metadata": {"name": "of-the-service"}, "spec": spec})
    source = on_disk(tmp_path_factory.mktemp("hub-db-dir"))
    with static_claim(api.core, "hub-db-dir", namespace=NAMESPACE, modes=("ReadWriteOnce",), source=source):
        yield NAMESPACE
    api.core.delete_persistent_volume("of-the-service")


def on_disk(directory: Path) -> dict[str, Any]:
    directory.chmod(0o777)
    return {"hostPath": {"path": str(directory), "type": "Directory"}}


def install(helm: Helm, api: Api, directory: Path) -> None:
    """Do what the README says, with the hub's chart from here and what this cluster needs besides."""
    (directory / "your-values.yaml").write_text(yaml.safe_dump(hub_values(SCIPY)))
    (directory / "here.yaml").write_text(yaml.safe_dump(HERE))
    ours, hubs = (shlex.split(HUBS_ADDRESS.sub(str(JUPYTERHUB), line)) for line in LINES)
    for words in ([*ours, "--values", "here.yaml"], hubs):
        paths = [REPOSITORY / word if word.startswith("helm-config/") else word for word in words]
        paths = [directory / word if word in ("here.yaml", "your-values.yaml") else word for word in paths]
        done = helm.run(*paths, "--kubeconfig", api.kubeconfig)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(
    stocked: Cluster, api: Api, namespace: str, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Site]:
    for archive in build_images(HUBS).values():
        stocked.import_image(archive)
    helm = helm_here(pytestconfig)
    made = Site(Release(helm, api, namespace, CHART), Release(helm, api, namespace, JUPYTERHUB, "jhub"), api, stocked)
    install(helm, api, tmp_path_factory.mktemp("values"))
    made.wait()
    yield made
    made.hub.remove()
    made.chart.remove()
    api.core.delete_collection_namespaced_pod(NAMESPACE, grace_period_seconds=0)
    wait_until("nothing of the hub is left", lambda: not made.hub.objects())


@pytest.fixture(scope="module")
def ada(site: Site) -> Person:
    """Somebody whose server runs from the first test on."""
    return Person(site, "ada")


def runs_a_notebook(person: Person, environment: str, release: str) -> None:
    told = person.choose(environment, release=release)
    assert person.is_ready(), told
    [kernel] = person.kernels().values()
    cell = person.run(person.start_kernel(kernel), NUMPY)
    assert cell.text.startswith("/cvmfs/software.eessi.io/"), (cell, told)


def test_a_notebook_runs_on_the_repositories_that_the_driver_mounts(ada: Person) -> None:
    runs_a_notebook(ada, "scipy", "2025.06")


def test_who_is_logged_in_finds_software_at_the_service(ada: Person) -> None:
    page = ada.visitor.request("services/eessi/?q=SciPy-bundle&release=2025.06")
    assert page.status == 200
    assert "SciPy-bundle/2025.07-gfbf-2025b" in page.text


def test_what_is_saved_there_becomes_a_kernel_of_the_server_that_runs(ada: Person) -> None:
    saved = ada.visitor.call("services/eessi/api/v1/environments", OLDER, token=ada.token)
    assert saved.status == 201, saved.text
    assert json.loads(saved.text)["problem"] == ""
    wait_until("the server has it as a kernel", lambda: len(ada.kernels()) == 2, seconds=90)


def test_the_chart_tests_the_hub_with_a_server_of_its_own(site: Site) -> None:
    said = site.chart.test()
    assert "ok    the notebook ran" in said
    assert "ok    the server and its user are removed" in said


def test_an_upgrade_offers_more_and_ends_no_server(site: Site, ada: Person) -> None:
    before = site.pod_of(ada)
    kernel = ada.start_kernel(next(iter(ada.kernels().values())))
    assert ada.run(kernel, "kept = 1").status == "ok"
    site.upgrade(hub_values(SCIPY, OLDER))
    assert site.pod_of(ada) == before
    assert ada.run(kernel, "print(kept)").text.strip() == "1"
    bob = Person(site, "bob")
    runs_a_notebook(bob, "older", "2023.06")
    bob.stop()


def test_another_way_to_attach_is_a_change_of_the_chart_s_values_alone(
    site: Site, testbed: Cluster, ada: Person, tmp_path: Path
) -> None:
    ada.stop()
    wait_until("the server is gone", lambda: not ada.is_there())
    server = NFSServer(build_stack_tree(), tmp_path)
    server.start()
    try:
        # A claim's volume cannot be changed: the old claim goes first, as the guide says.
        site.chart.apply(chart_values("none.yaml"))
        values = chart_values("nfs.yaml")
        options = ["nfsvers=4", "ro", f"port={server.port}"]
        values["attach"]["nfs"] |= {"server": testbed.host_ip, "path": server.pseudo, "mountOptions": options}
        site.chart.apply(values)
        runs_a_notebook(Person(site, "cleo"), "scipy", "2025.06")
        site.api.core.delete_collection_namespaced_pod(NAMESPACE, label_selector="component=singleuser-server")
    finally:
        server.stop()


def test_of_the_chart_nothing_stays(site: Site) -> None:
    site.chart.remove()
    # Helm leaves the pod of its test.
    wait_until("all else is gone", lambda: site.chart.objects() == [f"pod/{TEST_POD}"])
    site.api.core.delete_namespaced_pod(TEST_POD, NAMESPACE)
    wait_until("nothing is left", lambda: not site.chart.objects())
