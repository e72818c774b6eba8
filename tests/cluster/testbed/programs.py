"""A program that runs in the namespaces of another process, with its log in a file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

STOP_SECONDS = 20


class TestbedError(Exception):
    """The cluster, or a part of it, could not be started or stopped."""

    __test__ = False  # its name looks like a test's to pytest


def wait_until(what: str, holds: Callable[[], object], seconds: float = 60) -> None:
    """Ask again and again, and say at the end what was waited for."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TestbedError(f"after {seconds:.0f} s still not so: {what}")
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Return a process' children, none if it is gone."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


class Program:
    """Runs *argv* by way of *enter*, a command such as nsenter that forks, and ends it when asked to."""

    def __init__(self, argv: Sequence[str | Path], *, log: Path, enter: Sequence[str]) -> None:
        self.argv = [str(argument) for argument in argv]
        self.log = log
        self._enter = list(enter)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The program's own, as this process sees it; 0 before it runs."""
        below = children(self._process.pid) if self._process else []
        return below[0] if below else 0

    def start(self) -> None:
        if self.running:
            return
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C is for the caller.
            self._process = subprocess.Popen(
                [*self._enter, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        """End it, by force if it does not end in time, and wait for that."""
        if self._process is None:
            return
        for child in children(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, with_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            if with_signal == signal.SIGKILL:
                raise
            self.stop(signal.SIGKILL)
        self._process = None

    def must_run(self) -> bool:
        """Be true, or raise with the last lines of the log: for use beside what is waited for."""
        if not self.running:
            lines = self.log.read_text(errors="replace").splitlines()[-15:]
            raise TestbedError("\n".join([f"{' '.join(self.argv)} ended:", *lines]))
        return True
