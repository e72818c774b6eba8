"""Installed as the guide says: the chart, a hub with its overlay, and people who run notebooks there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from eessi_spawner.demo.visitor import Visitor
from tests.chart.helm import CHART
from tests.cluster.claims import static_claim
from tests.cluster.release import Release, helm_here
from tests.cluster.spawns.hubs import Person
from tests.cluster.spawns.stock import stock
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.images import reference
from tests.cluster.testbed.programs import wait_until

NAMESPACE = "jhub"
OVERLAY = CHART.parent / "jupyterhub-values.yaml"
STAND_IN = Path(__file__).with_name("jupyterhub")
SCIPY = {
    "name": "scipy",
    "title": "SciPy 2025.07",
    "release": "2025.06",
    "modules": ["SciPy-bundle/2025.07-gfbf-2025b"],
}
NUMPY = "import numpy; print(numpy.__version__, numpy.__file__)"


def image(name: str) -> dict[str, str]:
    repository, _, tag = reference(name).rpartition(":")
    return {"name": repository, "tag": tag, "pullPolicy": "Never"}


def hub_values(*environments: dict[str, Any]) -> dict[str, Any]:
    """Return what an administrator's own values say beside the overlay."""
    config = {
        "JupyterHub": {"authenticator_class": "dummy"},
        "Authenticator": {"allow_all": True, "admin_users": ["ada"]},
        "EESSISpawner": {"eessi_environments": list(environments)},
    }
    return {"hub": {"image": image("hub"), "config": config}, "singleuser": {"image": image("user")}}


@dataclass(frozen=True)
class Site:
    """What is installed, and where people reach it."""

    chart: Release
    hub: Release
    url: str
    api: Api
    cluster: Cluster

    def apply_hub(self, values: dict[str, Any]) -> None:
        """Install or upgrade the hub, and wait for it."""
        self.hub.apply(values, OVERLAY)
        self.cluster.names.publish(self.api)
        for name in ("proxy", "hub"):
            done = self.api.kubectl(
                "rollout", "status", f"--namespace={NAMESPACE}", f"deployment/{name}", "--timeout=120s"
            )
            logs = self.api.kubectl("logs", f"--namespace={NAMESPACE}", f"deployment/{name}", "--tail=60")
            assert done.returncode == 0, f"{done.stdout}{done.stderr}{logs.stdout}"
        wait_until("the hub answers", lambda: Visitor(self.url).request("hub/login").status == 200)


@pytest.fixture(scope="module")
def site(
    testbed: Cluster,
    api: Api,
    repositories: Path,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[Site]:
    stock(testbed, repositories)
    api.core.create_namespace(
        {"metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    )
    api.wait_for_service_account(NAMESPACE)
    state = tmp_path_factory.mktemp("hub-db-dir")
    state.chmod(0o777)
    helm = helm_here(pytestconfig)
    chart = Release(helm, api, NAMESPACE, CHART)
    hub = Release(helm, api, NAMESPACE, STAND_IN, "jhub")
    disk = {"hostPath": {"path": str(state), "type": "Directory"}}
    with static_claim(api.core, "hub-db-dir", namespace=NAMESPACE, modes=("ReadWriteOnce",), source=disk):
        chart.apply(chart_values("csi-static.yaml"))
        hub.apply(hub_values(SCIPY), OVERLAY)
        address = api.core.read_namespaced_service("proxy-public", NAMESPACE).spec.cluster_ip
        made = Site(chart, hub, f"http://{address}/", api, testbed)
        made.apply_hub(hub_values(SCIPY))
        yield made
        hub.remove()
        chart.remove()
        api.core.delete_collection_namespaced_pod(NAMESPACE, grace_period_seconds=0)
        wait_until("nothing of the hub is left", lambda: not hub.objects())
        wait_until("nothing of the chart is left", lambda: not chart.objects())


def chart_values(example: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART.parent / "examples" / example).read_text(encoding="utf-8"))
    return {**values, "nodeFeatureRule": {"create": False}}


def test_a_notebook_runs_in_a_pod_that_the_installed_hub_starts(site: Site) -> None:
    ada = Person(site, "ada")
    told = ada.choose("scipy", release="2025.06")
    assert ada.is_ready(), told
    [kernel] = ada.kernels().values()
    cell = ada.run(ada.start_kernel(kernel), NUMPY)
    assert "/cvmfs/software.eessi.io/" in cell.text, cell
    assert time.monotonic()
