"""Mounts what a site adds to EESSI: its own builds and the GPU drivers that EESSI looks for in `host_injections`.

In the repository `host_injections` is a link that CernVM-FS resolves to /opt/eessi, unless the *client's* configuration
on the node sets EESSI_HOST_INJECTIONS (EESSI documentation, "host_injections"); a link is followed in the pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eessi_spawner.attach.mounts import check_name, check_path
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

DEFAULT_PATH = "/opt/eessi"
_VOLUME = "eessi-host-injections"
_KINDS = ("claim", "host_path", "empty_dir")


@dataclass(frozen=True)
class HostInjections:
    """Where the site's additions come from: exactly one of *claim*, *host_path* and *empty_dir*.

    Attributes
    ----------
    claim
        A PersistentVolumeClaim; mounted read-only.
    host_path
        A directory on the nodes; mounted read-only.
    empty_dir
        An empty directory of the pod's own, which the user or an init container fills.
    mount_path
        Where. Another path than /opt/eessi needs the nodes' CernVM-FS clients to say the same.
    """

    claim: str = ""
    host_path: str = ""
    empty_dir: bool = False
    mount_path: str = DEFAULT_PATH

    def __post_init__(self) -> None:
        if sum(bool(getattr(self, kind)) for kind in _KINDS) != 1:
            raise _wrong("exactly one of claim, host_path and empty_dir was expected")
        if self.claim:
            check_name("claim", self.claim)
        if self.host_path:
            check_path("host_path", self.host_path)
        check_path("mount_path", self.mount_path)

    @property
    def site_prefix(self) -> str:
        """Where EESSI's module has to look for the site's builds; empty where it does so by itself."""
        return "" if self.mount_path == DEFAULT_PATH else self.mount_path

    def patch(self) -> PodPatch:
        """Return what a pod needs for it."""
        if self.claim:
            source: dict[str, object] = {"persistentVolumeClaim": {"claimName": self.claim, "readOnly": True}}
        elif self.host_path:
            source = {"hostPath": {"path": self.host_path, "type": "Directory"}}
        else:
            source = {"emptyDir": {}}
        mount: dict[str, object] = {"name": _VOLUME, "mountPath": self.mount_path}
        if not self.empty_dir:
            mount["readOnly"] = True
        # EESSI's module takes the site's modules from here instead of `host_injections` (`EESSI/<version>.lua`).
        environment = {"EESSI_SITE_SOFTWARE_PREFIX": self.site_prefix} if self.site_prefix else {}
        return PodPatch(volumes=({"name": _VOLUME, **source},), volume_mounts=(mount,), environment=environment)


def parse_host_injections(value: object) -> HostInjections | None:
    """Return what *value*, a mapping of an admin's, asks for; None where it is empty.

    Raises
    ------
    InvalidChoiceError
        If a setting is unknown, missing or of the wrong type.
    """
    if not value:
        return None
    if not isinstance(value, Mapping):
        raise _wrong(f"a mapping was expected, {value!r:.100} came")
    types = {"claim": str, "host_path": str, "empty_dir": bool, "mount_path": str}
    for name, given in value.items():
        if name not in types or not isinstance(given, types[name]):
            raise _wrong(f"{name!r:.100}: {given!r:.100} is no setting of it")
    return HostInjections(**value)


def _wrong(reason: str) -> InvalidChoiceError:
    return InvalidChoiceError(
        f"Host injections cannot be mounted: {reason}.",
        advice='Write {"claim": "eessi-site"}, {"host_path": "/opt/eessi"} or {"empty_dir": True}.',
    )
