"""Attaches a CernVM-FS client that runs in the pod itself: nothing has to be on the nodes but FUSE.

The client is a privileged sidecar, which Pod Security allows at its level `privileged` alone; the notebook container
stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from eessi_spawner.attach.mounts import CVMFS, check_client_config, check_path, check_repository, mount_volume
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

CONTAINER = "eessi-fuse"

# Where the image has the folder in which it mounts (images/fuse).
_ROOT = "/cvmfs"
_CACHE = "eessi-fuse-cache"
# Only a privileged container may give its mounts to others (Kubernetes, "Mount propagation"). The pod's own context
# may say that nothing runs as root.
_SECURITY = {"privileged": True, "runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False}
# The limit of memory is what the cache's index and open files may take; what is read counts as page cache, and goes.
_RESOURCES = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}}


@dataclass(frozen=True)
class FuseAttachment:
    """Repositories that a sidecar of the pod mounts.

    Attributes
    ----------
    image
        Of the sidecar: `images/fuse` of this project, or another with `serve-repositories` in it.
    repositories
        What it mounts, each at `<mount_path>/<repository>`.
    client_config
        The client's configuration, lines like `CVMFS_HTTP_PROXY=http://squid:3128`.
    mount_path
        Where the notebook container has all of them.
    """

    image: str = ""
    repositories: tuple[str, ...] = ("software.eessi.io",)
    client_config: str = "CVMFS_CLIENT_PROFILE=single"
    mount_path: str = CVMFS

    pod_security = "privileged"

    def __post_init__(self) -> None:
        if not self.image or set(self.image) & set(" \n\t"):
            raise InvalidChoiceError(
                f"The setting 'image' was expected to be the image of the sidecar, {self.image[:100]!r} came.",
                advice='Write {"way": "fuse", "image": "registry.example.org/eessi-spawner/fuse:1"}.',
            )
        if not self.repositories:
            raise InvalidChoiceError(
                "The setting 'repositories' was expected to name repositories, none came.",
                advice='Write {"repositories": ["software.eessi.io"]}, or leave it out.',
            )
        for repository in self.repositories:
            check_repository(repository)
        check_client_config(self.client_config)
        check_path("mount_path", self.mount_path)

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        patch = mount_volume({"emptyDir": {}}, self.mount_path)
        shared = {"name": patch.volumes[0]["name"], "mountPath": _ROOT, "mountPropagation": "Bidirectional"}
        # Kubernetes would put the value of a variable in for $(NAME).
        config = {"name": "CLIENT_CONFIG", "value": self.client_config.replace("$(", "$$(")}
        container = {
            "name": CONTAINER,
            "image": self.image,
            # A sidecar: it starts before the server, and ends after it.
            "restartPolicy": "Always",
            "command": ["serve-repositories", *self.repositories],
            "env": [config],
            "securityContext": _SECURITY,
            "resources": _RESOURCES,
            # It waits a few seconds by itself, so that a start that goes well has no failure among its events.
            "startupProbe": {
                "exec": {"command": ["wait-for-repositories", *self.repositories]},
                "periodSeconds": 1,
                "timeoutSeconds": 10,
                "failureThreshold": 30,
            },
            "volumeMounts": [shared, {"name": _CACHE, "mountPath": "/var/lib/cvmfs"}],
        }
        volumes = (*patch.volumes, {"name": _CACHE, "emptyDir": {}})
        return replace(patch, volumes=volumes, init_containers=(container,))

    def describe(self) -> str:
        """Return where it comes from, as a part of a sentence."""
        return "a client in the pod"
