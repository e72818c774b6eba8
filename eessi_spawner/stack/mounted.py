"""Reads a mounted tree: its releases, the builds in it for this CPU, and whether wanted modules are there.

Whatever calls this can be made to wait for ever by a file system that does not answer: hubs and servers
call it through `mount.py`, in a child process. It stats what it is asked for and lists one directory, since
every listing costs a cold CernVM-FS client round trips.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eessi_spawner.errors import (
    EESSIError,
    MountAbsentError,
    MountDeadError,
    MountError,
    NotAnEESSIStackError,
)
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.releases import Release, parse_release

SAMPLE_NOTE = "SAMPLE.json"

# What a path that is not there answers; all else says that the file system is not well.
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG})


@dataclass(frozen=True)
class ReleaseReading:
    """What a tree has of one release for this CPU: the best target built, and which modules were found."""

    version: str
    target: str
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackReading:
    """What a mounted tree has for this CPU.

    Attributes
    ----------
    root
        The repository's directory.
    releases
        Those that have builds for this CPU, newest first.
    sample
        What `SAMPLE.json` says where the tree is a sample; empty where it is EESSI itself.
    """

    root: str
    releases: tuple[ReleaseReading, ...]
    sample: Mapping[str, Any] = field(default_factory=dict)

    def release(self, version: str) -> ReleaseReading | None:
        """Return what was read of *version*, or None where it has no build for this CPU."""
        return next((release for release in self.releases if release.version == version), None)

    def to_json(self) -> dict[str, Any]:
        """Return the reading as plain JSON."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> StackReading:
        """Rebuild a reading from `to_json`."""
        releases = tuple(
            ReleaseReading(entry["version"], entry["target"], tuple(entry["modules"])) for entry in data["releases"]
        )
        return StackReading(data["root"], releases, data["sample"])


def read_stack(root: str, chain: tuple[CpuTarget, ...], wanted: Mapping[str, tuple[str, ...]]) -> StackReading:
    """Read the tree at *root*.

    Parameters
    ----------
    root
        The repository's directory.
    chain
        The CPU targets to look for, best first.
    wanted
        Release to the full names of modules to look for in it.

    Raises
    ------
    MountError
        The kind says whether it is absent, dead, or no EESSI repository.
    """
    try:
        versions = sorted(os.listdir(f"{root}/versions"), reverse=True)
    except FileNotFoundError:
        raise absent_or_foreign(root) from None
    except OSError as error:
        raise mount_error(root, error) from error
    releases = []
    for version in versions:
        try:
            release = Release(parse_release(version), root)
        except EESSIError:
            continue
        if reading := _read_release(release, chain, wanted.get(version, ())):
            releases.append(reading)
    return StackReading(root, tuple(releases), _read_sample_note(root))


def _read_release(release: Release, chain: tuple[CpuTarget, ...], wanted: tuple[str, ...]) -> ReleaseReading | None:
    if not _is_there(release.root, f"{release.module_root}/{release.eessi_module}.lua"):
        return None
    for target in chain:
        directory = release.target_directory(target)
        # The directory that EESSI's own module looks for.
        if _is_there(release.root, f"{directory}/software/"):
            found = (name for name in wanted if _is_there(release.root, f"{directory}/modules/all/{name}.lua"))
            return ReleaseReading(release.version, target.path, tuple(found))
    return None


def _is_there(root: str, path: str) -> bool:
    """Say whether *path* exists; a part of the tree that fails to answer is an error, never an absence."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return False
        raise mount_error(root, error) from error
    return True


def raise_if_dead(root: str, path: str) -> None:
    """Make sure that *path* below *root* is there or absent, and not behind a file system that has died.

    Raises
    ------
    MountError
        If it is: the kernel answers for a second from its memory, so that a first look may find all well.
    """
    _is_there(root, path)


def _read_sample_note(root: str) -> Mapping[str, Any]:
    try:
        note = json.loads(Path(root, SAMPLE_NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def absent_or_foreign(root: str) -> MountError:
    """Return the error for a *root* without a directory `versions`: nothing there, or something else."""
    try:
        os.listdir(root)
    except FileNotFoundError:
        return MountAbsentError(
            f"EESSI was expected at {root}, but nothing is mounted there.",
            advice="An administrator has to mount the repository (the CernVM-FS client with EESSI's configuration)"
            " or to set another root.",
        )
    except OSError as error:
        return mount_error(root, error)
    return NotAnEESSIStackError(
        f"{root} has no directory 'versions', so it is not an EESSI repository.",
        advice="Set the root to the repository's own directory, such as /cvmfs/software.eessi.io.",
    )


def mount_error(root: str, error: OSError) -> MountError:
    """Return the error that says what *error*, met while reading *root*, means for its mount."""
    if isinstance(error, PermissionError):
        return MountError(
            f"{root} may not be read by this user ({error.strerror}).",
            advice="Let an administrator check the rights of the mount; FUSE mounts need 'allow_other'.",
        )
    if isinstance(error, NotADirectoryError):
        return NotAnEESSIStackError(
            f"{root}/versions is not a directory, so {root} is not an EESSI repository.",
            advice="Set the root to the repository's own directory, such as /cvmfs/software.eessi.io.",
        )
    return MountDeadError(
        f"The file system at {root} has died ({error.strerror}). While a kernel or a terminal holds files of it, it"
        " cannot be mounted again.",
        advice="Shut down all EESSI kernels of this server, wait a minute and start one again. If it stays dead, an"
        " administrator has to mount it again, after 'umount -l'.",
    )


def main() -> None:
    """Answer one question, read as JSON from standard input, as JSON on standard output."""
    question = json.load(sys.stdin)
    chain = tuple(CpuTarget(path) for path in question["chain"])
    wanted = {version: tuple(names) for version, names in question["wanted"].items()}
    try:
        answer = {"reading": read_stack(question["root"], chain, wanted).to_json()}
    except EESSIError as error:
        answer = {"error": error.to_json()}
    json.dump(answer, sys.stdout)
