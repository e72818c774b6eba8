"""Runs the programs that a build needs, keeps their last words, and stops them when the build fails."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

_TAIL_LINES = 60
_NOT_STARTED = 127

# Would lead a Python of ours to packages of whatever environment this process was started in.
_MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "EBPYTHONPREFIXES", "__PYVENV_LAUNCHER__")


@dataclass(frozen=True)
class Workshop:
    """What all steps of one build share.

    Attributes
    ----------
    scratch
        A directory for what is thrown away afterwards.
    lmod
        The directory of the machine's Lmod, that which has `libexec/lmod`.
    stop
        Set when one step has failed, so that those beside it end too.
    """

    scratch: Path
    lmod: Path
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True)
class Outcome:
    """How a program ended, and the last lines of what it said."""

    code: int
    words: str


def ignore_line(_: str) -> None:
    """Take a line of output that nobody waits for."""


def run_command(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    stop: Event,
    on_line: Callable[[str], None] = ignore_line,
) -> Outcome:
    """Run *argv* to its end, hand each line it writes to *on_line*, and return how it ended.

    A program that cannot be started ends with 127, as in a shell.
    """
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    try:
        process = _start(argv, environment)
    except OSError as error:
        return Outcome(_NOT_STARTED, str(error))
    with process:
        for line in process.stdout or ():
            tail.append(line)
            on_line(line.rstrip("\n"))
            if stop.is_set():
                process.terminate()
                break
    return Outcome(process.returncode, "".join(tail).strip())


def _start(argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        list(argv),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def make_python_environment() -> dict[str, str]:
    """Return this process's environment, pip's settings and proxies too, without what misleads Python."""
    kept = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    # With these set, pip would refuse or ignore the directory that it is told to install to.
    return kept | {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
