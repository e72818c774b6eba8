"""Attaches an NFS export by naming the server in the pod: nothing has to exist in the namespace.

Pod Security `restricted` refuses such volumes; there an NFS export is attached by a claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eessi_spawner.attach.mounts import CVMFS, check_path, mount_volume
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class NFSAttachment:
    """An NFS export, mounted.

    Attributes
    ----------
    server
        A host name or address that the *nodes* can resolve. A Service of the cluster is given by its name
        (`nfs`, `nfs.cvmfs`, `nfs.cvmfs.svc.cluster.local`): the spawner puts its address in, since kubelet does not
        use the cluster's DNS.
    path
        The exported directory; of an NFSv4 server, `/` is the root of its exports.
    mount_path
        Where it is mounted.
    """

    server: str = ""
    path: str = "/"
    mount_path: str = CVMFS

    pod_security = "baseline"

    def __post_init__(self) -> None:
        if len(self.server) > 253 or not _SERVER.fullmatch(self.server):
            raise InvalidChoiceError(
                f"The setting 'server' was expected to be a host's name or address, {self.server[:100]!r} came.",
                advice='Write {"way": "nfs", "server": "10.0.0.5", "path": "/"}, or name a claim instead: '
                '{"way": "nfs", "claim": "cvmfs-nfs"}.',
            )
        check_path("mount_path", self.mount_path)
        if self.path != "/":
            check_path("path", self.path)

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        return mount_volume({"nfs": {"server": self.server, "path": self.path, "readOnly": True}}, self.mount_path)

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""
        return f"NFS server {self.server}"
