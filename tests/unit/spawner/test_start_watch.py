"""A start is watched: each trouble is told once, and the wait ends where it is of no use. No test waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from eessi_spawner.checks.finding import Finding
from eessi_spawner.errors import StartFailedError
from eessi_spawner.spawner.start_watch import StartWatch
from tests.unit.hasty_loop import HastyLoop


@pytest.fixture
def loop() -> Iterator[HastyLoop]:
    loop = HastyLoop()
    yield loop
    loop.close()


Look = Callable[[float], list[Finding]]


class Watched:
    """Watches a pod whose troubles are a function of the seconds since its start."""

    def __init__(self, loop: HastyLoop, look: Look, seconds: float = 60) -> None:
        self.told: list[str] = []
        began = loop.time()
        watch = StartWatch(
            lambda: look(loop.time() - began),
            tell=self.told.append,
            log=logging.getLogger("watched"),
            pod="hub/jupyter-gina",
            seconds=seconds,
        )
        self.error: StartFailedError = loop.run_until_complete(watch.find_end())
        self.took = loop.time() - began


def trouble(code: str = "claim_missing", patience: float | None = 30, reason: str = "said the cluster") -> Finding:
    return Finding(code, f"There is {code}.", f"Do something about {code}.", reason, patience)


def test_a_trouble_that_lasts_longer_than_its_patience_ends_the_wait(loop: HastyLoop) -> None:
    watched = Watched(loop, lambda _now: [trouble()])
    assert watched.took == pytest.approx(30, abs=1)
    assert str(watched.error) == "There is claim_missing. Do something about claim_missing."
    assert watched.error.details == "said the cluster"


def test_a_trouble_without_hope_ends_it_at_once(loop: HastyLoop) -> None:
    assert Watched(loop, lambda _now: [trouble(patience=0)]).took == 0


def test_a_trouble_that_goes_and_comes_back_is_a_new_one(loop: HastyLoop) -> None:
    watched = Watched(loop, lambda now: [] if 20 <= now < 25 else [trouble()], seconds=300)
    assert watched.took == pytest.approx(55, abs=1), "25 seconds, and the patience once more"


def test_the_patience_of_a_trouble_is_its_own(loop: HastyLoop) -> None:
    watched = Watched(loop, lambda now: [trouble("unschedulable", None), *([trouble()] if now >= 10 else [])])
    assert watched.took == pytest.approx(40, abs=1)
    assert watched.error.message == "There is claim_missing."


def test_each_trouble_is_told_and_logged_once(loop: HastyLoop, caplog: pytest.LogCaptureFixture) -> None:
    def look(now: float) -> list[Finding]:
        # Kubernetes counts its attempts in its words; what the user reads stays the same.
        return [trouble("mount_slow", None, f"attempt {now}"), *([trouble()] if now >= 5 else [])]

    watched = Watched(loop, look, seconds=20)
    assert watched.told == ["There is mount_slow.", "There is claim_missing."]
    assert [record.getMessage() for record in caplog.records] == [
        "Pod hub/jupyter-gina does not start (mount_slow): attempt 0.0",
        "Pod hub/jupyter-gina does not start (claim_missing): said the cluster",
    ]


def test_too_late_it_says_so_with_the_last_reason(loop: HastyLoop) -> None:
    watched = Watched(loop, lambda _now: [trouble("unschedulable", None), trouble("mount_slow", None, "FailedMount")])
    assert watched.took == pytest.approx(60, abs=1)
    assert watched.error.message == "The server did not start within 60 seconds. There is mount_slow."
    assert watched.error.advice == "Do something about mount_slow."
    assert watched.error.details == "FailedMount"


def test_too_late_without_a_reason_it_says_so(loop: HastyLoop) -> None:
    watched = Watched(loop, lambda now: [trouble()] if now < 5 else [])
    assert str(watched.error) == (
        "The server did not start within 60 seconds. Try again, or tell an administrator of this hub."
    )
