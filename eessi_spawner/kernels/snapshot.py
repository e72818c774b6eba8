"""Writes snapshots of module environments, which the launcher reads (its docstring has the format)."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping

from eessi_spawner.errors import UnsafePathError
from eessi_spawner.kernels.launcher import (
    FORMAT,
    MAX_SNAPSHOT,
    is_private,
    read_revision,
    snapshot_directory,
)
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.releases import Release


def find_revision(release: Release, target: CpuTarget) -> tuple[str, str]:
    """Return where the stack's revision can be read cheaply, and the revision.

    CernVM-FS tells it as an extended attribute of the repository. Elsewhere (NFS, a local copy) the time and
    size of the module cache's timestamp stand for it, which EESSI touches whenever modules change; without a
    cache those of the folder of modules.

    Raises
    ------
    OSError
        If none of them can be read.
    """
    directory = release.target_directory(target)
    sources = (
        f"xattr:{release.root}",
        f"stat:{directory}/.lmod/cache/timestamp",
        f"stat:{directory}/modules/all",
    )
    for source in sources[:-1]:
        with contextlib.suppress(OSError):
            return source, read_revision(source)
    return sources[-1], read_revision(sources[-1])


def write_snapshot(key: str, *, source: str, revision: str, command: list[str], variables: Mapping[str, str]) -> None:
    """Write the snapshot *key*, at once or not at all.

    Raises
    ------
    UnsafePathError
        If the folder belongs to somebody else, or others may write to it.
    OSError
        If it cannot be written (a read-only or a full disk).
    ValueError
        If the environment is too large, or a value holds a NUL.
    """
    fields = [FORMAT, source, revision, str(len(command)), *command]
    fields += [f"{name}={value}" for name, value in sorted(variables.items())]
    if any("\0" in field for field in fields):
        raise ValueError("a variable holds a NUL")
    content = ("\0".join(fields) + "\0\0").encode("utf-8", "surrogateescape")
    if len(content) > MAX_SNAPSHOT:
        raise ValueError(f"the environment has {len(content)} bytes, at most {MAX_SNAPSHOT} are kept")
    directory = snapshot_directory()
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    if not is_private(os.lstat(directory)):
        raise UnsafePathError(
            f"{directory} can be written by others, so no environment is kept there.",
            advice="Remove it, or set EESSI_SPAWNER_RUNTIME_DIR to a directory of your own.",
        )
    # As tempfile does it, whose import would take as long as all else here: nobody else can write to the folder.
    temporary = f"{directory}/.new-{os.getpid()}-{time.monotonic_ns()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, f"{directory}/{key}")
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
