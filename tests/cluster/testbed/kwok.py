"""Nodes that are not there, a thousand of them: kwok, which reports them to the real API server as kubelets would."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.testbed.locks import locked
from tests.cluster.testbed.stack_image import TESTBED_CACHE

# The mark of a node that it keeps.
ANNOTATION = {"kwok.x-k8s.io/node": "fake"}

# Not in the program of the rest of Kubernetes (binaries.py): it is made for a newer Kubernetes than the nodes run.
_MODULE = "sigs.k8s.io/kwok"
_VERSION = "v0.8.0"
_STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")


@contextmanager
def kwok(kubeconfig: Path, log: Path) -> Iterator[None]:
    """Keep all nodes with `ANNOTATION` ready, and run the pods that are bound to them, for the length of a block."""
    options = [
        f"--kubeconfig={kubeconfig}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={'='.join(*ANNOTATION.items())}",
        "--node-lease-duration-seconds=40",
        *(f"--config={stage}" for stage in _stages()),
    ]
    with log.open("wb") as output, subprocess.Popen([_built(), *options], stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()


def _built(cache: Path = TESTBED_CACHE) -> Path:
    """Return the program, which is built once, in two or three minutes."""
    folder = cache / "kwok" / _VERSION
    with locked(folder.parent / ".lock"):
        if not (folder / "kwok").exists():
            subprocess.run(
                ["go", "install", "-ldflags=-s -w", f"{_MODULE}/cmd/kwok@{_VERSION}"],
                env=os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "0"},
                check=True,
            )
    return folder / "kwok"


def _stages() -> list[Path]:
    """Return kwok's own files that say how nodes and pods of its come up, live and go."""
    answer = subprocess.run(
        ["go", "mod", "download", "-json", f"{_MODULE}@{_VERSION}"], check=True, capture_output=True, text=True
    )
    stages = Path(json.loads(answer.stdout)["Dir"], "kustomize", "stage")
    return [
        file for folder in _STAGES for file in sorted((stages / folder).glob("*.yaml")) if file.stem != "kustomization"
    ]
