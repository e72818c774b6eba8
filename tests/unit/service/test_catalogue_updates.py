"""The catalogue is updated by the command, at once and then every so often; what fails is told, and tried again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import pytest

from eessi_spawner.service.catalogue_updates import COMMAND, update_every
from eessi_spawner.stack.catalogue.saved import read_header
from tests.unit.stack.catalogue.published import many_modules
from tests.unit.stack.catalogue.server import running_server

ALWAYS = 0.01


async def run_until(condition: Callable[[], object], command: Sequence[str] = COMMAND) -> None:
    """Update at once and very often until *condition* holds."""
    task = asyncio.create_task(update_every(ALWAYS, command))
    await until(condition)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110  (no event tells what another process did)
        await asyncio.sleep(0.01)


def run(updating: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(updating, 60))


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def writes(path: Path, *more: str) -> tuple[str, ...]:
    """Return a command that adds a letter to *path*."""
    return (sys.executable, "-c", "; ".join((f"open({str(path)!r}, 'a').write('x')", *more)))


def test_it_is_done_again_and_again(tmp_path: Path) -> None:
    done = tmp_path / "done"
    run(run_until(lambda: text_of(done) == "xxx", writes(done)))


def test_what_fails_is_told_in_its_words_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    command = writes(tmp_path / "done", "raise SystemExit('no way there')")
    run(run_until(lambda: caplog.text.count("The catalogue was not updated. no way there") > 1, command))


def test_without_the_command_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    run(run_until(lambda: caplog.text.count("cannot be updated: No such file") > 1, ("/no/such/command",)))


def test_an_update_that_runs_ends_with_the_service(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hangs = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    run(run_until(lambda: text_of(pid), (sys.executable, "-c", hangs)))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_command_saves_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_DIR", str(tmp_path))
    monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_PROXY", "none")
    with running_server() as server:
        server.behaviour.publish(many_modules(1200))
        monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_URL", server.url)
        run(run_until(lambda: read_header(tmp_path)))
    header = read_header(tmp_path)
    assert header is not None
    assert header.modules == 1200
