"""Asks a mounted tree from a child process with a time limit, so that a hanging mount hangs nobody."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eessi_spawner.errors import MountError, MountHangingError, error_from_json
from eessi_spawner.stack.child import ChildHangsError, run_child
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mounted import StackReading

DEFAULT_SECONDS = 20.0

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_CHILD = (
    "import sys; sys.path.append(sys.argv[1]); from importlib import import_module; import_module(sys.argv[2]).main()"
)


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
    question = {
        "root": root,
        "chain": [target.path for target in chain],
        "wanted": {version: list(names) for version, names in wanted.items()},
    }
    answer = ask_reader("eessi_spawner.stack.mounted", question, root=root, seconds=seconds)
    return StackReading.from_json(answer["reading"])


def ask_reader(reader: str, question: Mapping[str, object], *, root: str, seconds: float) -> Any:
    """Have the module *reader* read the tree at *root* in a child process, and return its answer.

    Parameters
    ----------
    reader
        A module whose `main` reads a question as JSON from standard input, and writes an answer as JSON on
        standard output: `{"error": ...}`, or what the caller expects.

    Raises
    ------
    MountError
        The error that the reader met; `MountHangingError` where no answer came in time.
    """
    try:
        child = run_child(
            [sys.executable, "-IS", "-c", _CHILD, _PACKAGE_PARENT, reader],
            about=root,
            seconds=seconds,
            stdin=json.dumps(question),
        )
    except ChildHangsError:
        raise MountHangingError(
            f"The file system at {root} did not answer within {seconds:g} seconds.",
            advice="Try again in a minute; if it stays so, an administrator must look at the mount and its proxy.",
        ) from None
    try:
        answer = json.loads(child.stdout)
    except ValueError:
        raise MountError(
            f"Reading {root} failed with exit code {child.code}.",
            advice="See the details; if they do not help, report them to the administrators.",
            details=child.stderr[-4000:],
        ) from None
    if "error" in answer:
        raise error_from_json(answer["error"])
    return answer
