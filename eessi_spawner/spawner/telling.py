"""A spawner that tells what it does: steps on the progress page, beside what the spawner below it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from jupyterhub.spawner import Spawner
else:
    # JupyterHub refuses subclasses of its Spawner that cannot start anything; the spawner below us can.
    from traitlets.config import LoggingConfigurable as Spawner


class TellingSpawner(Spawner):
    """Adds steps to the progress of the spawner that it is mixed into."""

    _progress_seconds: ClassVar[float] = 0.1

    def __init__(self, **kwargs: Any) -> None:
        self._steps: list[str] = []
        self._all_told = False
        super().__init__(**kwargs)

    def hub_starts(self, app: Any) -> None:
        """Do what a hub that starts, *app*, wants done once; of this spawner only the configured traits are there."""

    def begin(self) -> None:
        """Forget what was told of an earlier start."""
        self._steps, self._all_told = [], False

    def all_told(self) -> None:
        """End the steps: the progress page need not wait for more."""
        self._all_told = True

    def tell(self, *steps: str) -> None:
        """Show *steps* on the progress page, each once."""
        self._steps += [step for step in steps if step not in self._steps]

    async def progress(self) -> AsyncGenerator[dict[str, Any], None]:
        """Tell the steps as they come, and what the spawner below tells that they do not."""
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        below = asyncio.ensure_future(self._pass_on(events))
        told = 0
        try:
            while True:
                ended = below.done() and self._all_told
                for step in self._steps[told:]:
                    told += 1
                    yield {"progress": min(10 * told, 40), "message": step}
                while not events.empty():
                    yield events.get_nowait()
                if ended:
                    below.result()
                    return
                await asyncio.sleep(self._progress_seconds)
        finally:
            below.cancel()

    async def _pass_on(self, events: asyncio.Queue[dict[str, Any]]) -> None:
        async with aclosing(super().progress()) as below:
            async for event in below:
                if not self.is_told(event):
                    events.put_nowait(event)

    def is_told(self, _event: Mapping[str, Any]) -> bool:
        """Say whether a step tells what *_event*, of the spawner below, says."""
        return False
