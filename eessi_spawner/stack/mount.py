"""Asks a mounted tree from a child process with a time limit, so that a hanging mount hangs nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from eessi_spawner.errors import MountError, MountHangingError, error_from_json
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mounted import StackReading

DEFAULT_SECONDS = 20.0

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_CHILD = "import sys; sys.path.append(sys.argv[1]); from eessi_spawner.stack.mounted import main; main()"

# Children that did not die when killed (a process that waits for a dead NFS server cannot): kept, so that
# no further one is sent after them as long as they hang.
_stuck: dict[str, subprocess.Popen[str]] = {}


def ask_stack(
    root: str,
    chain: tuple[CpuTarget, ...],
    wanted: Mapping[str, tuple[str, ...]],
    *,
    seconds: float = DEFAULT_SECONDS,
) -> StackReading:
    """Read the tree at *root* as `mounted.read_stack` does, but never wait longer than *seconds*.

    Blocking: call it in a thread where an event loop runs.

    Raises
    ------
    MountError
        As `read_stack` raises; `MountHangingError` where no answer came in time.
    """
    if (earlier := _stuck.get(root)) is not None:
        if earlier.poll() is None:
            raise _hanging(root, seconds)
        _stuck.pop(root, None)
    child = subprocess.Popen(
        [sys.executable, "-IS", "-c", _CHILD, _PACKAGE_PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd="/",
    )
    question = {
        "root": root,
        "chain": [target.path for target in chain],
        "wanted": {version: list(names) for version, names in wanted.items()},
    }
    try:
        stdout, stderr = child.communicate(json.dumps(question), timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(root, child)
        raise _hanging(root, seconds) from None
    try:
        answer = json.loads(stdout)
    except ValueError:
        raise MountError(
            f"Reading {root} failed with exit code {child.returncode}.",
            advice="See the details; if they do not help, report them to the administrators.",
            details=stderr[-4000:],
        ) from None
    if "error" in answer:
        raise error_from_json(answer["error"])
    return StackReading.from_json(answer["reading"])


def _kill(root: str, child: subprocess.Popen[str]) -> None:
    child.kill()
    try:
        child.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        _stuck[root] = child


def _hanging(root: str, seconds: float) -> MountHangingError:
    return MountHangingError(
        f"The file system at {root} did not answer within {seconds:g} seconds.",
        advice="Try again in a minute; if it stays so, an administrator must look at the mount and its proxy.",
    )
