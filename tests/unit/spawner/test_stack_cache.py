"""What was read of a stack is kept for a while: many users at once ask the file system once."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.errors import MountAbsentError
from eessi_spawner.spawner import stack_cache
from eessi_spawner.spawner.stack_cache import FAILED_SECONDS, FRESH_SECONDS, read_stack_cached
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.mounted import StackReading

CHAIN = (CpuTarget("x86_64/generic"),)


class Readings:
    """Counts the readings, which are real ones; each takes *seconds* longer."""

    def __init__(self) -> None:
        self.number = 0
        self.seconds = 0.0

    def __call__(self, root: str, *arguments: Any, seconds: float) -> StackReading:
        self.number += 1
        time.sleep(self.seconds)
        return ask_stack(root, *arguments, seconds=seconds)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    counter = Readings()
    monkeypatch.setattr(stack_cache, "ask_stack", counter)
    monkeypatch.setattr(stack_cache, "_entries", {})
    return counter


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "stack"
    (root / "versions/2025.06/software/linux/x86_64/generic/software").mkdir(parents=True)
    (root / "init/modules/EESSI").mkdir(parents=True)
    (root / "init/modules/EESSI/2025.06.lua").touch()
    return root


async def read(root: Path, wanted: Mapping[str, tuple[str, ...]] | None = None) -> StackReading:
    return await read_stack_cached(str(root), CHAIN, wanted or {}, seconds=10)


def test_callers_at_the_same_time_share_one_reading(readings: Readings, root: Path) -> None:
    async def all_at_once() -> list[StackReading]:
        return await asyncio.gather(*(read(root) for _ in range(1000)))

    answers = asyncio.run(all_at_once())
    assert readings.number == 1
    assert {answer.releases[0].version for answer in answers} == {"2025.06"}


def test_a_failure_is_shared_too(readings: Readings, tmp_path: Path) -> None:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(read(tmp_path / "none") for _ in range(100)), return_exceptions=True)

    assert {type(answer) for answer in asyncio.run(all_at_once())} == {MountAbsentError}
    assert readings.number == 1


def test_a_reading_is_kept_and_asked_again_when_it_is_old(
    readings: Readings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def twice_and_later() -> list[StackReading]:
        answers = [await read(root), await read(root)]
        assert readings.number == 1
        monkeypatch.setattr(stack_cache, "FRESH_SECONDS", -1.0)
        stack_cache._entries.clear()
        await read(root)
        shutil.rmtree(root / "versions/2025.06")
        return [*answers, await read(root)]

    first, second, last = asyncio.run(twice_and_later())
    assert first is second
    assert last.releases == ()
    assert readings.number == 3


def test_a_failure_is_asked_about_again_sooner(readings: Readings, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < FAILED_SECONDS < FRESH_SECONDS
    monkeypatch.setattr(stack_cache, "FAILED_SECONDS", -1.0)

    away = root.rename(root.with_name("away"))

    async def mounted_meanwhile() -> StackReading:
        with pytest.raises(MountAbsentError):
            await read(root)
        os.rename(away, root)
        return await read(root)

    assert asyncio.run(mounted_meanwhile()).releases
    assert readings.number == 2


def test_other_questions_are_other_readings(readings: Readings, root: Path) -> None:
    async def ask() -> None:
        await read(root)
        await read(root, {"2025.06": ("A/1",)})
        await read(root)
        await read_stack_cached(str(root), (CpuTarget("x86_64/amd/zen3"), *CHAIN), {}, seconds=10)

    asyncio.run(ask())
    assert readings.number == 3


def test_one_who_stops_waiting_does_not_stop_the_others(readings: Readings, root: Path) -> None:
    readings.seconds = 0.2

    async def one_gives_up() -> StackReading:
        impatient = asyncio.create_task(read(root))
        patient = asyncio.create_task(read(root))
        await asyncio.sleep(0.05)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        return await patient

    assert asyncio.run(one_gives_up()).releases
    assert readings.number == 1


def test_the_event_loop_is_free_while_a_stack_is_read(readings: Readings, root: Path) -> None:
    readings.seconds = 0.3

    async def count() -> int:
        reading = asyncio.create_task(read(root))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(count()) > 5


def test_a_new_event_loop_never_waits_for_a_reading_of_an_old_one(readings: Readings, root: Path) -> None:
    for number in (1, 2):
        assert asyncio.run(read(root)).releases
        assert readings.number == number
