"""Watches a pod that is starting: tells what keeps it from it, and ends the wait where waiting is of no use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from logging import Logger

from eessi_spawner.checks.finding import Finding
from eessi_spawner.errors import StartFailedError

_PERIOD_SECONDS = 1.0


class StartWatch:
    """Looks at a pod every second until waiting for it is of no use.

    Parameters
    ----------
    look
        Returns what is known now to keep the pod from starting, oldest first.
    tell
        Shows a sentence to the user.
    log
        Gets Kubernetes' own words.
    pod
        The pod's name, for the log.
    seconds
        When it has to have started.
    """

    def __init__(
        self,
        look: Callable[[], list[Finding]],
        *,
        tell: Callable[[str], None],
        log: Logger,
        pod: str,
        seconds: float,
    ) -> None:
        self._look = look
        self._tell = tell
        self._log = log
        self._pod = pod
        self._seconds = seconds
        self._since: dict[str, float] = {}
        self._told: set[str] = set()

    async def find_end(self) -> StartFailedError:
        """Return why the start is to be given up, as soon as it is."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            findings = self._look()
            now = clock()
            # A trouble that has gone and comes back is a new one.
            self._since = {found.code: self._since.get(found.code, now) for found in findings}
            for found in findings:
                self._report(found)
                if found.patience is not None and now - self._since[found.code] >= found.patience:
                    return StartFailedError(found.sentence, advice=found.advice, details=found.reason)
            if now - began >= self._seconds:
                return self._too_late(findings)
            await asyncio.sleep(_PERIOD_SECONDS)

    def _report(self, found: Finding) -> None:
        if found.sentence not in self._told:
            self._told.add(found.sentence)
            self._tell(found.sentence)
            self._log.warning("Pod %s does not start (%s): %s", self._pod, found.code, found.reason)

    def _too_late(self, findings: list[Finding]) -> StartFailedError:
        message = f"The server did not start within {self._seconds:.0f} seconds."
        if not findings:
            return StartFailedError(message, advice="Try again, or tell an administrator of this hub.")
        last = findings[-1]
        return StartFailedError(f"{message} {last.sentence}", advice=last.advice, details=last.reason)
