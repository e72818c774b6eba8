"""Runs a program with a time limit that holds even where the program cannot be killed.

A process that waits for a dead file server or a broken driver ignores every signal: it is left alone, and no
further one is sent after it as long as it hangs.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_KILL_SECONDS = 1.0

# By what they were asked about.
_stuck: dict[str, subprocess.Popen[str]] = {}


class ChildHangsError(Exception):
    """The program did not end in time, or an earlier one about the same thing still hangs."""


@dataclass(frozen=True)
class ChildAnswer:
    """How the program ended, and what it wrote."""

    code: int
    stdout: str
    stderr: str


def run_child(argv: Sequence[str], *, about: str, seconds: float, stdin: str = "") -> ChildAnswer:
    """Run *argv* and return its answer, waiting *seconds* at most.

    Blocking: call it in a thread where an event loop runs.

    Parameters
    ----------
    about
        What is asked about, such as a mount: as long as one child about it cannot be killed, none is started.

    Raises
    ------
    ChildHangsError
        If there is no answer in time.
    OSError
        If the program cannot be started.
    """
    if (earlier := _stuck.get(about)) is not None:
        if earlier.poll() is None:
            raise ChildHangsError
        _stuck.pop(about, None)
    child = subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd="/",
    )
    try:
        stdout, stderr = child.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(about, child)
        raise ChildHangsError from None
    return ChildAnswer(child.returncode, stdout, stderr)


def _kill(about: str, child: subprocess.Popen[str]) -> None:
    child.kill()
    try:
        child.communicate(timeout=_KILL_SECONDS)
    except subprocess.TimeoutExpired:
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        _stuck[about] = child
