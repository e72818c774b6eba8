"""Keeps what was read of a stack for a while, so that a thousand users ask the file system once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from eessi_spawner.errors import EESSIError
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.mounted import StackReading

FRESH_SECONDS = 10.0
# A failure is asked about again sooner, but not by every page view.
FAILED_SECONDS = 5.0


@dataclass(frozen=True)
class _Key:
    root: str
    chain: tuple[CpuTarget, ...]
    wanted: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass
class _Entry:
    task: asyncio.Task[StackReading]
    until: float


_entries: dict[_Key, _Entry] = {}
# Each user may have saved environments of their own.
_KEPT = 100


async def read_stack_cached(
    root: str, chain: tuple[CpuTarget, ...], wanted: Mapping[str, tuple[str, ...]], *, seconds: float
) -> StackReading:
    """Return what the stack at *root* has, at most ten seconds old; callers at the same time share one reading.

    Raises
    ------
    EESSIError
        As `ask_stack` raises.
    """
    key = _Key(root, chain, tuple(sorted(wanted.items())))
    entry = _entries.get(key)
    loop = asyncio.get_running_loop()
    if entry is None or entry.task.get_loop() is not loop or (entry.task.done() and entry.until < time.monotonic()):
        task = loop.create_task(asyncio.to_thread(ask_stack, root, chain, wanted, seconds=seconds))
        entry = _entries[key] = _Entry(task, until=float("inf"))
        task.add_done_callback(lambda done: _set_age(key, done))
        _forget_old()
    return await asyncio.shield(entry.task)


def _forget_old() -> None:
    if len(_entries) > _KEPT:
        for key in [key for key, entry in _entries.items() if entry.until < time.monotonic()]:
            del _entries[key]


def _set_age(key: _Key, done: asyncio.Task[StackReading]) -> None:
    failed = done.cancelled() or isinstance(done.exception(), (EESSIError, OSError))
    entry = _entries.get(key)
    if entry is not None and entry.task is done:
        entry.until = time.monotonic() + (FAILED_SECONDS if failed else FRESH_SECONDS)
