"""Attaches a directory of the node: for nodes that mount CernVM-FS themselves.

Pod Security allows such volumes at its level `privileged` alone; elsewhere the same directory is attached by a claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from eessi_spawner.attach.mounts import CVMFS, check_path, mount_volume
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

# A label's key, with or without a domain, and its value (Kubernetes, "Labels and Selectors").
_WORD = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_WORD}(=({_WORD})?)?")


@dataclass(frozen=True)
class HostPathAttachment:
    """A directory of the node, mounted.

    Attributes
    ----------
    path
        On the nodes: the root that autofs serves, or where a DaemonSet mounts repositories.
    mount_path
        Where it is mounted in the pod.
    node_label
        The label of the nodes that have it, as `key` or `key=value`; no other node is chosen. Empty: all have it.
    must_exist
        Whether the pod is kept from starting, with a message, on a node where *path* is no directory. Without this,
        the container runtime makes an empty one. Kubelets that run in a container may not see the directory.
    """

    path: str = CVMFS
    mount_path: str = CVMFS
    node_label: str = ""
    must_exist: bool = True

    pod_security = "privileged"

    def __post_init__(self) -> None:
        check_path("path", self.path)
        check_path("mount_path", self.mount_path)
        if self.node_label and not _LABEL.fullmatch(self.node_label):
            raise InvalidChoiceError(
                f"The setting 'node_label' was expected to be a label of nodes, {self.node_label[:100]!r} came.",
                advice='Write its key, as "site.example.org/cvmfs", or key and value, as "cvmfs=yes".',
            )

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        source = {"hostPath": {"path": self.path, "type": "Directory" if self.must_exist else ""}}
        mounted = mount_volume(source, self.mount_path)
        return mounted + PodPatch(requirements=self._requirements())

    def _requirements(self) -> tuple[dict[str, Any], ...]:
        key, equals, value = self.node_label.partition("=")
        if not key:
            return ()
        if equals:
            return ({"key": key, "operator": "In", "values": [value]},)
        return ({"key": key, "operator": "Exists"},)

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""
        return f"directory {self.path} of the node"
