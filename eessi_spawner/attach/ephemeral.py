"""Attaches a claim that Kubernetes makes with the pod and removes with it: nothing has to exist in the namespace."""

from __future__ import annotations

from dataclasses import dataclass

from eessi_spawner.attach.mounts import ACCESS_MODES, CVMFS, SIZE, check_name, check_path, mount_volume
from eessi_spawner.pod import PodPatch


@dataclass(frozen=True)
class EphemeralAttachment:
    """A generic ephemeral volume, mounted; its claim is named after the pod and the volume.

    cvmfs-csi takes no *CSI* ephemeral volumes, which are another thing: `volume mode "Ephemeral" not supported`.

    Attributes
    ----------
    storage_class
        Of the volume: a class of cvmfs-csi, whose controller makes one for each pod, or any class that has volumes.
    mount_path
        Where it is mounted.
    """

    storage_class: str = "cvmfs"
    mount_path: str = CVMFS

    pod_security = "restricted"

    def __post_init__(self) -> None:
        check_name("storage_class", self.storage_class)
        check_path("mount_path", self.mount_path)

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        spec = {
            "accessModes": list(ACCESS_MODES),
            "storageClassName": self.storage_class,
            "resources": {"requests": dict(SIZE)},
        }
        return mount_volume({"ephemeral": {"volumeClaimTemplate": {"spec": spec}}}, self.mount_path)

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""
        return f"a volume of class {self.storage_class}"
