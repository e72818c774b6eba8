"""The volume and the mount that every way adds: read-only, and open to what the node mounts later."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch

CVMFS = "/cvmfs"
# The one mode that cvmfs-csi takes (`internal/cvmfs/node/csiserver.go`), and any size but none.
ACCESS_MODES = ("ReadOnlyMany",)
SIZE = {"storage": "1"}

_PATH = re.compile(r"(/[A-Za-z0-9._-]+)+")
# A DNS subdomain, which names of claims, classes and Services are (Kubernetes, "Object Names and IDs").
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# A fully qualified repository name (CernVM-FS, `CVMFS_REPOSITORIES`), and a line of a client's configuration.
_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+")
_CONFIG_LINE = re.compile(r"\s*(#.*|(export\s+)?CVMFS_[A-Z0-9_]+=.*|)")
# Paths that no other path has the name of; names of volumes have no more than 63 letters.
_PLAIN = re.compile(r"/cvmfs(/[a-z0-9]+(\.[a-z0-9]+)*)?")
_LONGEST_VOLUME_NAME = 63


def mount_volume(source: Mapping[str, Any], mount_path: str) -> PodPatch:
    """Return the additions that mount a volume of *source* at *mount_path*.

    `HostToContainer` is what lets a running pod see repositories that the node mounts later, or mounts again after
    they died; without it autofs answers "Too many levels of symbolic links" (cvmfs-csi, `docs/how-to-use.md`).

    Parameters
    ----------
    source
        What Kubernetes calls a volume source: `{"persistentVolumeClaim": {...}}`.
    """
    name = volume_name(mount_path)
    mount = {"name": name, "mountPath": mount_path, "readOnly": True, "mountPropagation": "HostToContainer"}
    return PodPatch(volumes=({"name": name, **source},), volume_mounts=(mount,))


def volume_name(mount_path: str) -> str:
    """Return the name of the volume at *mount_path*: the same for the same path alone, a DNS label."""
    name = "eessi-" + re.sub(r"[^a-z0-9]+", "-", mount_path.lower()).strip("-")
    if len(name) > _LONGEST_VOLUME_NAME or not _PLAIN.fullmatch(mount_path):
        name = f"{name[:50].rstrip('-')}-{hashlib.sha256(mount_path.encode()).hexdigest()[:12]}"
    return name


def check_path(setting: str, path: str) -> None:
    """Make sure that *path* is absolute and written in one way only.

    Raises
    ------
    InvalidChoiceError
        If it is not.
    """
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise InvalidChoiceError(
            f"The setting '{setting}' was expected to be an absolute path, {path[:100]!r} came.",
            advice="Write it like /cvmfs or /cvmfs/software.eessi.io, without a slash at the end.",
        )


def check_name(setting: str, name: str) -> None:
    """Make sure that *name* can be the name of an object of Kubernetes.

    Raises
    ------
    InvalidChoiceError
        If it cannot.
    """
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise InvalidChoiceError(
            f"The setting '{setting}' was expected to be the name of a Kubernetes object, {name[:100]!r} came.",
            advice="Use a-z, 0-9, '-' and '.', as `kubectl get` shows it.",
        )


def check_repository(repository: str) -> None:
    """Make sure that *repository* can be the name of one.

    Raises
    ------
    InvalidChoiceError
        If it cannot.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise InvalidChoiceError(
            f"The name of a repository was expected, {repository[:100]!r} came.",
            advice="Write it like software.eessi.io, without /cvmfs.",
        )


def check_client_config(text: str) -> None:
    """Make sure that *text* can be the configuration of a CernVM-FS client.

    Raises
    ------
    InvalidChoiceError
        If a line of it cannot.
    """
    for line in text.splitlines():
        if not _CONFIG_LINE.fullmatch(line):
            raise InvalidChoiceError(
                f"The setting 'client_config' was expected to have lines CVMFS_NAME=value, {line[:100]!r} came.",
                advice="Write what would stand in /etc/cvmfs/default.local.",
            )
