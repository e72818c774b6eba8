"""Helm, built once and kept in the user's cache; where there is no Go, the machine's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.testbed.locks import locked

CHART = Path(__file__).parents[2] / "helm-config/eessi-spawner"
RELEASE, NAMESPACE = "eessi", "jhub"
COMPONENT = "app.kubernetes.io/component"

_VERSION = "v3.20.0"
_KUBERNETES = "1.34.0"


def find_helm() -> Path | None:
    """Return the program; the first build takes a minute or two."""
    if shutil.which("go") is None:
        own = shutil.which("helm")
        return Path(own) if own else None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eessi-spawner" / "helm"
    folder = cache / _VERSION
    with locked(cache / "lock"):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            subprocess.run(
                ["go", "install", "-ldflags=-s -w", f"helm.sh/helm/v3/cmd/helm@{_VERSION}"],
                env=os.environ | {"GOBIN": str(part), "CGO_ENABLED": "0"},
                check=True,
            )
            part.rename(folder)
    return folder / "helm"


@dataclass(frozen=True)
class Helm:
    """The program, and what it says of our chart."""

    program: Path

    def run(self, *arguments: str | Path, values: str = "") -> subprocess.CompletedProcess[str]:
        """Run it with the YAML *values* on its standard input, for `--values -`."""
        return subprocess.run([self.program, *arguments], input=values, text=True, capture_output=True, check=False)

    def template(self, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        """Render the chart; the exit code says whether the values were taken."""
        options = ["--namespace", NAMESPACE, "--kube-version", _KUBERNETES, "--values", "-"]
        return self.run("template", RELEASE, CHART, *options, values=yaml.safe_dump(dict(values)))

    def objects(self, values: Mapping[str, Any], component: str = "") -> dict[str, dict[str, Any]]:
        """Return what the chart makes for a component of it, by kind; without one, for the hub and users' servers."""
        found = {}
        for document in self.documents(values):
            if document["metadata"].get("labels", {}).get(COMPONENT, "") == component:
                assert document["kind"] not in found
                found[document["kind"]] = document
        return found

    def documents(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return all that the chart makes."""
        done = self.template(values)
        assert done.returncode == 0, done.stderr
        return [document for document in yaml.safe_load_all(done.stdout) if document]


if __name__ == "__main__":
    find_helm()
