"""Tables in a terminal."""

from __future__ import annotations

import pytest

from eessi_spawner.cli.table import format_table, target_summary, width


def test_columns_are_aligned_and_lines_end_where_text_ends() -> None:
    assert format_table([("A", "B"), ("long one", "x"), ("é", "")]) == ["A         B", "long one  x", "é"]


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("e\u0301", 1), ("数", 2), ("", 0)])
def test_a_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("targets", "words"),
    [("abcde", "all 5"), ("abcd", "all but e"), ("", "none"), ("ab", "a, b"), ("abc", "all but d, e")],
)
def test_targets_are_told_in_few_words_and_none_is_left_out(targets: str, words: str) -> None:
    assert target_summary(list(targets), list("abcde")) == words
