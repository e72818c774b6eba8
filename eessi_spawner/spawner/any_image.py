"""Brings the kernels to a Jupyter image that has never heard of this package: an init container and a volume. Pure."""

from __future__ import annotations

from eessi_spawner.pod import PodPatch

DIRECTORY = "/opt/eessi-spawner"
# Here the image `kernels` puts a configuration that enables the server extension (images/kernels).
CONFIG_PATH = f"{DIRECTORY}/etc/jupyter"

_VOLUME = "eessi-kernels"
# What Pod Security `restricted` asks of every container.
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
# Small enough never to decide where a pod fits; stated, since quotas ask every container for them.
_RESOURCES = {
    "requests": {"cpu": "10m", "memory": "32Mi"},
    "limits": {"cpu": "500m", "memory": "128Mi"},
}


def bring_kernels(image: str, pull_policy: str) -> PodPatch:
    """Return what a pod needs to have this package from *image*: copied to a volume before the server starts."""
    mount = {"name": _VOLUME, "mountPath": DIRECTORY}
    container = {
        "name": _VOLUME,
        "image": image,
        "imagePullPolicy": pull_policy,
        "args": [DIRECTORY],
        "volumeMounts": [mount],
        "securityContext": _SECURITY,
        "resources": _RESOURCES,
    }
    return PodPatch(
        volumes=({"name": _VOLUME, "emptyDir": {}},),
        volume_mounts=({**mount, "readOnly": True},),
        init_containers=(container,),
    )
