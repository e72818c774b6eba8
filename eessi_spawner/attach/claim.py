"""Attaches a PersistentVolumeClaim: the pod side of cvmfs-csi, and of every other volume that a claim can name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eessi_spawner.attach.mounts import (
    CVMFS,
    check_client_config,
    check_name,
    check_path,
    check_repository,
    mount_volume,
)
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

# The driver makes a directory of this name.
_MOUNT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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
    repository
        Of a claim of one repository, which one: its claim is called `cvmfs-<repository>` and mounted at
        `/cvmfs/<repository>` where nothing else is said, and its static volume has it alone.
    client_config
        Of a static volume, the configuration of a CernVM-FS client of its own: lines like `CVMFS_HTTP_PROXY=DIRECT`.
    shared_mount_id
        Of a static volume with *client_config*: volumes of the same id share one client on a node. Empty: none does.
    """

    claim: str = "cvmfs"
    mount_path: str = CVMFS
    storage_class: str = ""
    static: bool = False
    repository: str = ""
    client_config: str = ""
    shared_mount_id: str = ""

    pod_security = "restricted"

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
        if self.repository:
            check_repository(self.repository)
        self._check_client()

    def _check_client(self) -> None:
        if self.client_config and not (self.static and self.repository):
            raise InvalidChoiceError(
                "The setting 'client_config' was expected together with 'static' and 'repository'.",
                advice="The driver reads it from the volume, which the spawner makes with 'static' alone. A volume that"
                " you make has it among its attributes: docs/admin/attach-ways.md.",
            )
        check_client_config(self.client_config)
        if self.shared_mount_id and not (self.client_config and _MOUNT_ID.fullmatch(self.shared_mount_id)):
            raise InvalidChoiceError(
                "The setting 'shared_mount_id' was expected to be a word of letters, digits, '.', '_' and '-', together"
                f" with 'client_config', {self.shared_mount_id[:100]!r} came.",
                advice="Without 'client_config' all volumes of a node share its client already: leave it out.",
            )

    @property
    def attributes(self) -> Mapping[str, str]:
        """What a static volume tells the driver (cvmfs-csi, `internal/cvmfs/node/volumecontext.go`)."""
        named = {
            "repository": self.repository,
            "clientConfig": self.client_config,
            "sharedMountID": self.shared_mount_id,
        }
        return MappingProxyType({name: value for name, value in named.items() if value})

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


def names_of_repository(repository: str) -> dict[str, str]:
    """Return the settings that a claim of one *repository* has where nothing else is said.

    Raises
    ------
    InvalidChoiceError
        If it is not the name of a repository.
    """
    check_repository(repository)
    return {"claim": f"cvmfs-{repository}", "mount_path": f"{CVMFS}/{repository}"}
