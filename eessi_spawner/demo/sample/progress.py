"""How far a long piece of work has come, and how a terminal shows it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

_BAR_CELLS = 24
_TENTH = 0.1


@dataclass(frozen=True)
class Progress:
    """How far the work has come.

    Attributes
    ----------
    fraction
        From 0 to 1; never falls during one piece of work.
    message
        What is being done, in a few words.
    """

    fraction: float
    message: str


def make_terminal_progress(
    stream: TextIO, *, clock: Callable[[], float] = time.monotonic
) -> Callable[[Progress], None]:
    """Return a callback that shows progress on *stream*.

    On a terminal it redraws one line with a bar and the time that has passed. Elsewhere, in a log say, it
    writes a plain line whenever another tenth is done, and whenever the work waits or begins.
    """
    start = clock()
    if stream.isatty():
        return _Bar(stream, start=start, clock=clock)
    return _Lines(stream, start=start, clock=clock)


class _Bar:
    """Redraws one line of a terminal."""

    def __init__(self, stream: TextIO, *, start: float, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._start = start
        self._clock = clock

    def __call__(self, progress: Progress) -> None:
        columns = shutil.get_terminal_size().columns
        line = format_bar(progress, seconds=self._clock() - self._start)[: max(columns - 1, 1)]
        end = "\n" if progress.fraction >= 1 else ""
        self._stream.write(f"\r\x1b[2K{line}{end}")
        self._stream.flush()


class _Lines:
    """Writes a line for each tenth that is done, and for the first word."""

    def __init__(self, stream: TextIO, *, start: float, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._start = start
        self._clock = clock
        self._shown = -1
        self._message_at_zero = ""

    def __call__(self, progress: Progress) -> None:
        tenth = int(progress.fraction / _TENTH + 1e-9)
        is_news_at_zero = tenth == 0 and self._shown <= 0 and progress.message != self._message_at_zero
        if tenth <= self._shown and not is_news_at_zero:
            return
        self._shown = tenth
        if tenth == 0:
            self._message_at_zero = progress.message
        elapsed = format_elapsed(self._clock() - self._start)
        self._stream.write(f"[{progress.fraction:4.0%} {elapsed}] {progress.message}\n")
        self._stream.flush()


def format_bar(progress: Progress, *, seconds: float) -> str:
    """Return e.g. `[#####-----]  50% 0:42 jupyter-server 2025b`."""
    full = round(min(max(progress.fraction, 0.0), 1.0) * _BAR_CELLS)
    bar = "#" * full + "-" * (_BAR_CELLS - full)
    return f"[{bar}] {progress.fraction:4.0%} {format_elapsed(seconds)} {progress.message}"


def format_elapsed(seconds: float) -> str:
    """Return minutes and seconds, e.g. `1:05`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
