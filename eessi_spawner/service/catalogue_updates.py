"""Fetches the published catalogue every so often, by the command that an administrator would run from cron.

In a process of its own: parsing takes more memory than all the rest, and who searches would wait for it. The keeper
of the catalogue finds the new file as it finds any other.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress

COMMAND = (sys.executable, "-m", "eessi_spawner.cli.main", "catalogue", "update")
_AGAIN_SECONDS = 3600.0
_log = logging.getLogger(__name__)


async def update_every(seconds: float, command: Sequence[str] = COMMAND) -> None:
    """Update now and every so many *seconds*, until cancelled; after a failure within an hour."""
    while True:
        is_done = await _update(command)
        await asyncio.sleep(seconds if is_done else min(seconds, _AGAIN_SECONDS))


async def _update(command: Sequence[str]) -> bool:
    """Run *command*, and say whether it did what it should; its words are logged where it did not."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        _log.warning("The catalogue cannot be updated: %s.", error.strerror)
        return False
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        # The service ends: what was fetched so far is of no use.
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        raise
    if process.returncode:
        _log.warning("The catalogue was not updated. %s", said.decode(errors="replace").strip())
    return process.returncode == 0
