"""A report of spawns is read as a whole, or refused by its field."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.spawns import MOST_SPAWNS, spawns_from_json
from tests.unit.service.reports import report


def test_a_report_is_read() -> None:
    [spawn] = spawns_from_json({"items": [report(at="2026-09-01T10:00:00.5+02:00", environments=["0" * 12] * 2)]})
    assert spawn.at == datetime(2026, 9, 1, 8, 0, 0, 500_000, tzinfo=timezone.utc)
    assert spawn.at.utcoffset() == timedelta(0)
    assert (spawn.user, spawn.pool, spawn.seconds, spawn.environments) == ("ada", "zen3", 12.5, ("0" * 12,))


def test_what_stands_twice_in_a_report_counts_once() -> None:
    assert len(spawns_from_json({"items": [report(), report(), report(id="1" * 32)]})) == 2


REFUSED: dict[str, list[Any]] = {
    "id": ["1", "G" * 32, "0" * 32 + "\n", 1],
    "user": ["", "a\n", "a" * 256, "\ud800", None],
    "server": ["a\0", None],
    "result": ["Ready", "readyfailed", ""],
    "code": ["It failed", "a" * 51],
    "at": ["2026-09-01T08:00:00", "yesterday", 0, "9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+01:00", "Z"],
    "environments": ["0" * 12, ["zz"], [1], ["0" * 12] * 51, None],
    "seconds": [-1, float("nan"), float("inf"), True, "1", 10**400],
    "release": ["2" * 21],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_a_field_that_is_none_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidChoiceError, match=f"'{name}'"):
        spawns_from_json({"items": [report(**{name: value})]})


@pytest.mark.parametrize(
    "data", [None, [], {}, {"items": {}}, {"items": [1]}, {"items": [report()] * (MOST_SPAWNS + 1)}]
)
def test_what_is_no_report_is_refused(data: Any) -> None:
    with pytest.raises(InvalidChoiceError, match="'items'"):
        spawns_from_json(data)
