"""What administrators are told."""

from __future__ import annotations

from datetime import date

import pytest

from eessi_spawner import errors
from eessi_spawner.errors import ClusterError, EESSIError, MountError
from eessi_spawner.service import hub_facts
from eessi_spawner.service.admin import (
    Used,
    catalogue_hint,
    default_titles,
    environments_in_use,
    failures,
    pool_looks,
    quantile,
    seconds_in_words,
    starts_by_pool,
)
from eessi_spawner.service.hub_facts import ToldFacts
from eessi_spawner.service.pools import everything
from eessi_spawner.service.spawn_codes import _ADVICE, reason_of
from eessi_spawner.service.store.spawn_table import Count, Started
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.unit.service.reports import FACTS

COUNTS = (
    Count("ready", "", "zen3", 8, 3),
    Count("failed", "start_failed", "zen3", 2, 1),
    Count("failed", "start_failed", "", 1, 1),
    Count("refused", "invalid_choice", "zen3", 4, 2),
    Count("stopped", "", "zen4", 1, 1),
)


def started(seconds: float, *keys: str, user: str = "ada", pool: str = "zen3") -> Started:
    return Started(user, pool, seconds, keys)


def test_all_pools_are_shown_with_their_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_facts, "_clock", lambda: 5.0)
    looks = {look.name: look for look in pool_looks(everything(ToldFacts(FACTS, 0.0)))}
    assert looks["physics"].groups == "physics"
    assert looks["zen3"].groups == "everybody"
    assert (looks["zen3"].nodes, looks["zen3"].free) == ("3", "2")
    assert (looks["icelake"].nodes, looks["icelake"].notes) == ("1, at most 4", "new nodes took up to 4 min")
    assert looks["tainted"].notes == "taints maintenance:NoSchedule"


def test_failures_are_counted_by_reason_over_all_pools() -> None:
    assert [(one.code, one.result, one.spawns, one.pools) for one in failures(COUNTS)] == [
        ("invalid_choice", "refused", 4, "zen3 (4)"),
        ("start_failed", "failed", 3, "zen3 (2), no pool (1)"),
    ]


def test_starts_are_told_by_pool_with_what_half_and_nine_of_ten_took() -> None:
    times = [started(float(seconds)) for seconds in range(1, 11)]
    none, zen3, zen4 = starts_by_pool(COUNTS, times)
    assert (zen3.ready, zen3.failed, zen3.refused, zen3.median, zen3.ninety) == (8, 2, 4, 5, 9)
    assert (none.pool, none.failed, none.median) == ("", 1, None)
    assert zen4.stopped == 1


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.9, 3), ([1.0, 9.0], 0.5, 1), ([4.0, 1.0, 2.0, 3.0], 0.9, 4), ([1.0, 2.0], 0, 1)],
)
def test_a_quantile_is_a_time_that_somebody_waited(values: list[float], share: float, expected: float | None) -> None:
    assert quantile(values, share) == expected


def test_environments_are_ordered_by_how_many_use_them() -> None:
    starts = [started(1, "a", "b"), started(1, "a"), started(1, "a"), started(1, "b", user="bob")]
    assert environments_in_use(starts, {"b": "Plots"}) == (Used("b", "Plots", 2, 2), Used("a", "", 1, 3))


def test_what_a_hub_offers_by_default_has_a_title() -> None:
    titles = default_titles(bundled_catalogue())
    assert len(titles) >= 4
    assert any("2025b" in title and "EESSI 2025.06" in title for title in titles.values())


def test_every_code_with_which_a_spawn_can_end_says_what_to_do() -> None:
    for kind in (ClusterError, *ClusterError.__subclasses__(), MountError, *MountError.__subclasses__()):
        reason = reason_of(kind.code)
        assert reason.words == (kind.__doc__ or "").splitlines()[0]
        assert reason.page
    known = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EESSIError)}
    assert set(_ADVICE) <= known


@pytest.mark.parametrize("code", ["", "timeout", "of_another_version", "eessi_error", "modules_apart"])
def test_any_other_code_has_words_too(code: str) -> None:
    assert reason_of(code).words.endswith(".")
    assert reason_of(code).advice.endswith(".")


@pytest.mark.parametrize(
    ("day", "is_old"), [(date(2026, 9, 1), False), (date(2026, 8, 3), False), (date(2026, 7, 1), True), (None, True)]
)
def test_a_catalogue_that_is_old_or_of_unknown_age_should_be_updated(day: date | None, *, is_old: bool) -> None:
    assert ("catalogue update" in catalogue_hint(day, date(2026, 9, 1))) is is_old


@pytest.mark.parametrize(("seconds", "words"), [(None, ""), (0.4, "0 s"), (99, "99 s"), (150.1, "3 min")])
def test_times_are_short(seconds: float | None, words: str) -> None:
    assert seconds_in_words(seconds) == words
