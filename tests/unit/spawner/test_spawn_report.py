"""What the service is told of a spawn: how it ended, by the exception that JupyterHub got."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone

import pytest
from tornado.util import TimeoutError as TornadoTimeoutError
from tornado.web import HTTPError

from eessi_spawner.errors import ClaimError, InvalidChoiceError, MountDeadError, StartFailedError
from eessi_spawner.spawner.rejection import rejection
from eessi_spawner.spawner.spawn_report import SpawnReport, result_of

SAID = {"advice": "Wait."}


@pytest.mark.parametrize(
    ("exception", "result"),
    [
        (rejection(InvalidChoiceError("No.", **SAID)), ("refused", "invalid_choice")),
        (rejection(MountDeadError("No.", **SAID)), ("refused", "mount_dead")),
        (rejection(StartFailedError("No.", **SAID)), ("failed", "start_failed")),
        (rejection(ClaimError("No.", **SAID)), ("failed", "claim_error")),
        (InvalidChoiceError("No.", **SAID), ("refused", "invalid_choice")),
        (asyncio.TimeoutError(), ("failed", "timeout")),
        (TornadoTimeoutError(), ("failed", "timeout")),
        (HTTPError(403, "not you"), ("refused", "")),
        (HTTPError(500, "no"), ("failed", "")),
        (RuntimeError("a secret"), ("failed", "")),
    ],
    ids=repr,
)
def test_what_was_asked_for_is_refused_and_what_the_cluster_does_not_do_has_failed(
    exception: Exception, result: tuple[str, str]
) -> None:
    async def ended() -> tuple[str, str]:
        spawn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        spawn.set_exception(exception)
        return result_of(spawn, runs=False)

    assert asyncio.run(ended()) == result


@pytest.mark.parametrize(("runs", "cancelled", "result"), [(1, 0, "ready"), (0, 0, "failed"), (1, 1, "failed")])
def test_without_an_exception_it_depends_on_whether_a_server_runs(*, runs: bool, cancelled: bool, result: str) -> None:
    async def ended() -> tuple[str, str]:
        spawn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if cancelled:
            spawn.cancel()
        else:
            spawn.set_result(None)
        return result_of(spawn, runs=runs)

    assert asyncio.run(ended()) == (result, "cancelled" if cancelled else "")


def test_a_report_is_json_with_its_time_as_rfc_3339_writes_it() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=timezone.utc)
    report = SpawnReport("0" * 32, "ada", "", at, 1.23456, "ready", environments=("key",) * 51)
    assert report.to_json() == {
        "id": "0" * 32,
        "user": "ada",
        "server": "",
        "at": "2026-01-02T03:04:05.678Z",
        "seconds": 1.235,
        "result": "ready",
        "code": "",
        "pool": "",
        "release": "",
        "environments": ["key"] * 50,
    }
