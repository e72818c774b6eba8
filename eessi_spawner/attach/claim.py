"""Attaches a PersistentVolumeClaim: the pod side of cvmfs-csi, and of every other volume that a claim can name."""

from __future__ import annotations

from dataclasses import dataclass

from eessi_spawner.attach.mounts import CVMFS, check_name, check_path, mount_volume
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch


@dataclass(frozen=True)
class ClaimAttachment:
    """A claim, mounted.

    Attributes
    ----------
    claim
        Its name, in the namespace of the pod.
    mount_path
        Where its root is mounted: `/cvmfs` for the automount root of cvmfs-csi, `/cvmfs/<repository>` for a claim of
        one repository.
    storage_class
        Where the claim does not exist, it is made from this StorageClass. Empty: it has to exist.
    static
        Where the claim does not exist, it is made with a PersistentVolume of cvmfs-csi of its own, which needs the
        right to create PersistentVolumes.
    """

    claim: str = "cvmfs"
    mount_path: str = CVMFS
    storage_class: str = ""
    static: bool = False

    def __post_init__(self) -> None:
        check_name("claim", self.claim)
        check_path("mount_path", self.mount_path)
        if self.storage_class:
            check_name("storage_class", self.storage_class)
        if self.storage_class and self.static:
            raise InvalidChoiceError(
                "Either 'storage_class' or 'static' was expected, both came.",
                advice="Use 'storage_class' where the driver's controller runs, 'static' where only node plugins do.",
            )

    @property
    def is_made(self) -> bool:
        """Whether the spawner makes the claim where it is absent."""
        return self.static or bool(self.storage_class)

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        # Read-only in the claim's source too: then kubelet neither relabels nor changes the owner of the tree
        # (kubernetes `pkg/volume/csi/csi_mounter.go`, GetAttributes).
        source = {"persistentVolumeClaim": {"claimName": self.claim, "readOnly": True}}
        return mount_volume(source, self.mount_path)

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""
        return f"claim {self.claim}"
