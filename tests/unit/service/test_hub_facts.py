"""What the hub told is kept with its age."""

from __future__ import annotations

import pytest

from eessi_spawner.service import hub_facts
from eessi_spawner.service.hub_facts import HubFacts, age_in_words
from tests.unit.service.reports import FACTS


def test_facts_grow_old_by_a_clock_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(hub_facts, "_clock", lambda: now[0])
    facts = HubFacts()
    assert facts.told is None
    facts.take(FACTS)
    now[0] = 190.0
    assert facts.told is not None
    assert facts.told.age == 90


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "just now"), (1, "1 second ago"), (59.9, "59 seconds ago"), (3600, "1 hour ago"), (2e5, "2 days ago")],
)
def test_an_age_is_said_in_one_unit(seconds: float, words: str) -> None:
    assert age_in_words(seconds) == words
