"""Attaches a CernVM-FS client that runs in the notebook container itself, with /dev/fuse from a device plugin.

The user's image has to have the client and a `fusermount3` that is setuid root. The container needs SYS_ADMIN and
privilege escalation, so that Pod Security allows it at its level `privileged` alone: a user who breaks out of the
client has more than with the sidecar. It exists for clusters that have the plugin and refuse privileged containers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from eessi_spawner.attach.mounts import CVMFS, check_path, check_repository, volume_name
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

# An extended resource: a domain and a name (Kubernetes, "Extended resources").
_DEVICE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class FuseDeviceAttachment:
    """Repositories that the notebook container mounts when it starts.

    Attributes
    ----------
    device
        The plugin's resource: `github.com/fuse`, `smarter-devices/fuse`.
    repositories
        What is mounted.
    mount_path
        Where, each at `<mount_path>/<repository>`: an empty directory, to which the user may write.
    command
        The program of the user's image that mounts what its arguments, like `/cvmfs/software.eessi.io`, say, and ends.
    """

    device: str = ""
    repositories: tuple[str, ...] = ("software.eessi.io",)
    mount_path: str = CVMFS
    command: str = "mount-repositories"

    pod_security = "privileged"

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise InvalidChoiceError(
                f"The setting 'device' was expected to be a device plugin's resource, {self.device[:100]!r} came.",
                advice='Write {"way": "fuse", "device": "github.com/fuse"}, as `kubectl describe node` shows it.',
            )
        check_path("mount_path", self.mount_path)
        for repository in self.repositories:
            check_repository(repository)
        if not self.repositories or not self.command or set(self.command) & set(" \n\t"):
            raise InvalidChoiceError(
                "The settings 'repositories' and 'command' were expected to name repositories and one program,"
                f" {list(self.repositories)} and {self.command[:100]!r} came.",
                advice="Leave them out for software.eessi.io and the program `mount-repositories`.",
            )

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        name = volume_name(self.mount_path)
        return PodPatch(
            volumes=({"name": name, "emptyDir": {}},),
            volume_mounts=({"name": name, "mountPath": self.mount_path},),
            devices=MappingProxyType({self.device: "1"}),
            capabilities=("SYS_ADMIN",),
            after_start=(self.command, *(f"{self.mount_path}/{found}" for found in self.repositories)),
        )

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""
        return f"a client in the server's container, by device {self.device}"
