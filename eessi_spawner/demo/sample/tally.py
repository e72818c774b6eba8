"""Adds up what several threads have done to one progress that never falls."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from eessi_spawner.demo.sample.progress import Progress

# Only the end is all: estimates of the amount of work may be short.
_ALMOST = 0.99


class Tally:
    """Counts units of work, and reports what share of the whole is done.

    Parameters
    ----------
    total
        How many units there are, as far as known beforehand.
    report
        Called with each progress, by one thread at a time.
    """

    def __init__(self, total: float, report: Callable[[Progress], None]) -> None:
        self._total = total
        self._report = report
        self._done = 0.0
        self._lock = Lock()

    def add(self, units: float, message: str) -> None:
        """Report *message*, what is being done now, with *units* more behind it."""
        with self._lock:
            self._done += units
            self._report(Progress(min(self._done / self._total, _ALMOST), message))
