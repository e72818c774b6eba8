"""Charts, as Helm applies them to the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import RELEASE, Helm, find_helm
from tests.cluster.conftest import unavailable
from tests.cluster.testbed.api import Api

# All kinds that one of our charts may make.
_KINDS = (
    "clusterrolebindings,clusterroles,configmaps,cronjobs,daemonsets,deployments,jobs,networkpolicies,"
    "persistentvolumeclaims,persistentvolumes,poddisruptionbudgets,pods,rolebindings,roles,secrets,serviceaccounts,"
    "services,storageclasses"
)


def helm_here(config: pytest.Config) -> Helm:
    """Return Helm, or skip."""
    program = find_helm()
    if program is None:
        unavailable(config, "Helm is built by Go: install Go")
    assert program is not None
    return Helm(program)


class Release:
    """A chart in a namespace, under a name."""

    def __init__(self, helm: Helm, api: Api, namespace: str, chart: Path, name: str = RELEASE) -> None:
        self._helm = helm
        self._api = api
        self._namespace = namespace
        self._chart = chart
        self._name = name

    def apply(self, values: dict[str, Any], *files: Path) -> str:
        """Install or upgrade it by the values of *files*, then of *values*; return the notes."""
        given = [word for file in files for word in ("--values", file)]
        return self._run("upgrade", "--install", self._name, self._chart, *given, "--values", "-", values=values)

    def test(self) -> str:
        """Run the chart's own test, and return what was said."""
        return self._run("test", self._name, "--logs", "--timeout", "5m")

    def remove(self) -> None:
        self._run("uninstall", self._name, "--ignore-not-found")

    def objects(self) -> list[str]:
        """Return the names of all that there is of it, with volumes that were made for its claims."""
        label = f"--selector=app.kubernetes.io/instance={self._name}"
        done = self._api.kubectl("get", _KINDS, "--all-namespaces", label, "--output=name")
        assert done.returncode == 0, done.stderr
        return [*done.stdout.split(), *self._provisioned()]

    def _provisioned(self) -> list[str]:
        """Return the volumes that a StorageClass has made in the namespace."""
        made = [
            volume
            for volume in self._api.core.list_persistent_volume().items
            if "pv.kubernetes.io/provisioned-by" in (volume.metadata.annotations or {})
        ]
        return [volume.metadata.name for volume in made if volume.spec.claim_ref.namespace == self._namespace]

    def _run(self, *arguments: str | Path, values: dict[str, Any] | None = None) -> str:
        where = ["--kubeconfig", str(self._api.kubeconfig), "--namespace", self._namespace]
        done = self._helm.run(*arguments, *where, values=yaml.safe_dump(values))
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout
