"""Reported spawns: each kept once, for ninety days, counted by what became of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from eessi_spawner.service.spawns import Spawn, spawns_from_json
from eessi_spawner.service.store import spawn_table as module
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.spawn_table import Count, SpawnTable, Started
from tests.unit.service.reports import ago, report, reports

MONTH = datetime.now(tz=timezone.utc) - timedelta(days=30)
EVER = datetime(2000, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def table(database: Database) -> SpawnTable:
    return SpawnTable(database)


def read(*items: dict[str, Any]) -> tuple[Spawn, ...]:
    return spawns_from_json({"items": list(items)})


def test_what_is_reported_twice_is_kept_once_and_the_first_time_counts(table: SpawnTable) -> None:
    first, second = read(report()), read(report(pool="other"), report(id="1" * 32, result="failed", code="claim_error"))
    assert table.add(first) == first
    assert table.add(second) == second[1:]
    assert table.started(EVER) == (Started("ada", "zen3", 12.5, ("0123456789ab",)),)


def test_the_same_report_twice_at_once_is_kept_once(table: SpawnTable) -> None:
    spawns = read(*reports(50))
    with ThreadPoolExecutor(4) as threads:
        new = list(threads.map(lambda _: len(table.add(spawns)), range(4)))
    assert sorted(new) == [0, 0, 0, 50]


def test_what_is_older_than_ninety_days_goes_and_does_not_come_back(
    table: SpawnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert table.add(read(report(at=ago(days=91)))) == ()
    table.add(read(*reports(1, at=ago(days=89)), *reports(1, at=ago(days=10))))
    assert len(table.started(EVER)) == 2
    monkeypatch.setattr(module, "KEPT_DAYS", 30)
    table.add(())
    assert len(table.started(EVER)) == 1


def test_counts_say_how_many_of_how_many_users_ended_in_one_way(table: SpawnTable) -> None:
    table.add(
        read(
            *reports(2, result="failed", code="start_failed"),
            *reports(1, user="bob", result="failed", code="start_failed"),
            *reports(1, at=ago(days=40)),
            *reports(2),
        )
    )
    assert table.counts(MONTH) == (Count("failed", "start_failed", "zen3", 3, 2), Count("ready", "", "zen3", 2, 1))
    assert table.counts(EVER)[1] == Count("ready", "", "zen3", 3, 1)
