"""Answers that are kept: right, bounded, and the ones that are asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.service.kept_answers import KeptAnswers

MOST = 20
questions = st.text("abc", min_size=1, max_size=2)


@given(st.lists(st.tuples(questions, st.text("x", max_size=30))))
def test_what_is_kept_is_the_last_answer_and_never_more_than_there_is_room_for(given: list[tuple[str, str]]) -> None:
    kept, last = KeptAnswers(MOST), dict(given)
    for question, answer in given:
        kept.keep(question, answer)
        assert kept.characters <= MOST
    found = {question: answer for question in last if (answer := kept.get(question)) is not None}
    assert found.items() <= last.items()
    assert kept.characters == sum(len(question) + len(answer) for question, answer in found.items())


def test_who_is_asked_for_stays_longer() -> None:
    kept = KeptAnswers(MOST)
    for question in "abc":
        kept.keep(question, "12345")
    assert kept.get("a") == "12345"
    kept.keep("d", "12345")
    assert (kept.get("a"), kept.get("b")) == ("12345", None)


def test_an_empty_answer_is_one() -> None:
    kept = KeptAnswers(MOST)
    kept.keep("a", "")
    assert not kept.get("a")
    assert kept.get("a") is not None
