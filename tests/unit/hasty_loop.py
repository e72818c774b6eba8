"""Time for tests that do not wait."""

from __future__ import annotations

import asyncio


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: its clock goes to what is scheduled next."""

    _now = 1000.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._now = max(self._now, self._scheduled[0]._when)
        super()._run_once()
