"""Pods with what a way to attach adds, and no hub: as `render` would print them, less the Jupyter server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cluster.pods import FOREVER, Pod, wait_until_gone
from tests.cluster.testbed.api import Api
from tests.contract.attached_pods import patch_of

MANIFESTS = Path(__file__).parents[2] / "helm-config" / "manifests"


@contextlib.contextmanager
def patched_pod(
    api: Api, name: str, *settings: Mapping[str, Any], image: str, namespace: str, node: str = ""
) -> Iterator[Pod]:
    """Make a pod that is attached by *settings*, entries of `eessi_attach`."""
    patch = patch_of(*settings)
    sidecars, images = with_images(patch.init_containers)
    container = {
        "name": "notebook",
        "image": image,
        "imagePullPolicy": "Never",
        "command": list(FOREVER),
        "volumeMounts": list(patch.volume_mounts),
    }
    spec: dict[str, Any] = {
        "containers": [container],
        "initContainers": sidecars,
        "volumes": [*patch.volumes, *images],
        "terminationGracePeriodSeconds": 1,
    }
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    api.core.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": spec})
    made = Pod(api, namespace, name)
    try:
        yield made
    finally:
        api.core.delete_namespaced_pod(name, namespace)
        wait_until_gone(f"pod {name}", made.read)


def with_images(containers: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Return *containers* with what the double of a client reads instead of a network, and the volume of it."""
    if not containers:
        return [], []
    mount = {"name": "repositories", "mountPath": "/repositories"}
    sidecars = [{**found, "volumeMounts": [*found["volumeMounts"], mount]} for found in containers]
    return sidecars, [{"name": "repositories", "hostPath": {"path": "/repositories"}}]


@contextlib.contextmanager
def applied(api: Api, manifest: str, directory: Path, words: Mapping[str, str]) -> Iterator[None]:
    """Apply an example for administrators, with other *words* in it than it has, and remove all of it."""
    text = (MANIFESTS / manifest).read_text(encoding="utf-8")
    for word, other in words.items():
        assert word in text
        text = text.replace(word, other)
    file = directory / manifest
    file.write_text(text, encoding="utf-8")
    done = api.kubectl("apply", f"--filename={file}")
    try:
        assert done.returncode == 0, done.stderr
        yield
    finally:
        gone = api.kubectl("delete", f"--filename={file}", "--ignore-not-found", "--timeout=60s")
        assert gone.returncode == 0, gone.stderr
