"""Claims to CernVM-FS, bound to a volume made by hand as an administrator without the driver's controller makes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubernetes import client

from tests.cluster.pods import wait_until_gone
from tests.cluster.testbed.api import DRIVER
from tests.cluster.testbed.programs import wait_until

READ_ONLY_MANY = ("ReadOnlyMany",)
# What every pod that uses /cvmfs should say.
WHOLE = {"mountPath": "/cvmfs", "mountPropagation": "HostToContainer"}


def claim_spec(modes: Sequence[str] = READ_ONLY_MANY, **more: str) -> dict[str, Any]:
    return {"accessModes": list(modes), "resources": {"requests": {"storage": "1"}}, **more}


def volume_of(claim: str) -> dict[str, Any]:
    """Return a pod's volume."""
    return {"persistentVolumeClaim": {"claimName": claim, "readOnly": True}}


@contextlib.contextmanager
def static_claim(  # noqa: PLR0913  (each by its name)
    core: client.CoreV1Api,
    name: str,
    *,
    namespace: str = "default",
    modes: Sequence[str] = READ_ONLY_MANY,
    attributes: Mapping[str, str] | None = None,
    source: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Make a volume, of the driver unless *source* says otherwise, and the claim to it."""
    volume = f"{namespace}-{name}"
    driver = {"csi": {"driver": DRIVER, "volumeHandle": volume, "volumeAttributes": dict(attributes or {})}}
    core.create_persistent_volume(
        {
            "metadata": {"name": volume},
            "spec": {
                "accessModes": list(modes),
                "capacity": {"storage": "1"},
                "persistentVolumeReclaimPolicy": "Retain",
                **(source or driver),
            },
        }
    )
    spec = claim_spec(modes, volumeName=volume, storageClassName="")
    core.create_namespaced_persistent_volume_claim(namespace, {"metadata": {"name": name}, "spec": spec})
    try:
        read = core.read_namespaced_persistent_volume_claim
        wait_until(f"claim {name} is bound", lambda: read(name, namespace).status.phase == "Bound")
        yield name
    finally:
        core.delete_namespaced_persistent_volume_claim(name, namespace)
        core.delete_persistent_volume(volume)
        wait_until_gone(f"volume {volume}", lambda: core.read_persistent_volume(volume))
