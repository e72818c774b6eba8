"""Every way to attach: settings of an admin's, and the level of Pod Security that the namespace has to allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.pod import PodPatch

LEVELS = ("restricted", "baseline", "privileged")

_CONFIG = "CVMFS_SERVER_URL=http://s1.example.org/cvmfs/@fqrn@\nCVMFS_HTTP_PROXY=DIRECT"


@dataclass(frozen=True)
class Way:
    """A row of the contract."""

    settings: Mapping[str, Any]
    level: str

    def elsewhere(self) -> dict[str, Any]:
        """Return settings of the same way for another place, claim and repository."""
        return {**self.settings, "mount_path": "/elsewhere"}


WAYS = {
    "csi": Way({"way": "csi"}, "restricted"),
    "csi class": Way({"way": "csi", "storage_class": "cvmfs"}, "restricted"),
    "csi static": Way({"way": "csi", "static": True}, "restricted"),
    "csi repository": Way({"way": "csi", "repository": "software.eessi.io"}, "restricted"),
    "csi client": Way(
        {
            "way": "csi",
            "static": True,
            "repository": "software.eessi.io",
            "client_config": _CONFIG,
            "shared_mount_id": "eessi",
        },
        "restricted",
    ),
    "ephemeral": Way({"way": "ephemeral", "storage_class": "cvmfs"}, "restricted"),
    "fuse": Way(
        {
            "way": "fuse",
            "image": "registry.example.org/fuse:1",
            "repositories": ["software.eessi.io", "site.example.org"],
            "client_config": "CVMFS_HTTP_PROXY=http://squid.example.org:3128",
        },
        "privileged",
    ),
    "fuse device": Way({"way": "fuse", "device": "github.com/fuse"}, "privileged"),
    "host_path": Way({"way": "host_path", "node_label": "cvmfs=yes"}, "privileged"),
    "host_path claim": Way({"way": "host_path", "claim": "cvmfs-shared"}, "restricted"),
    "nfs": Way({"way": "nfs", "server": "192.0.2.7"}, "baseline"),
    "nfs claim": Way({"way": "nfs", "claim": "cvmfs-nfs"}, "restricted"),
}

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def patch_of(*settings: Mapping[str, Any]) -> PodPatch:
    """Return all that is added to a pod."""
    patch = PodPatch()
    for attachment in parse_attachments(list(settings)):
        patch += attachment.patch()
    return patch


def bare_pod() -> Any:
    """Return the least that Pod Security `restricted` takes, as KubeSpawner makes it."""
    from kubernetes_asyncio import client  # noqa: PLC0415  (the hub's)

    notebook = client.V1Container(name="notebook", image="registry.example.org/user:1", security_context=_RESTRICTED)
    return client.V1Pod(
        api_version="v1",
        kind="Pod",
        metadata=client.V1ObjectMeta(name="jupyter-gina"),
        spec=client.V1PodSpec(containers=[notebook]),
    )
