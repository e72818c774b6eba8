"""Values files as trees: lines, and texts that are no values file."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.checks.answer import Answer
from eessi_spawner.checks.values.tree import LARGEST, Value, merge, parse_values

BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n".encode() for old, new in zip("abcde", "bcdef", strict=True)
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20)
VALUES = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.recursive(
        SCALARS,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), below, max_size=3),
        max_leaves=10,
    ),
    max_size=4,
)


def parsed(text: str) -> Value:
    found = parse_values(text.encode(), "values.yaml")
    assert isinstance(found, Value), found
    return found


@given(VALUES)
def test_a_tree_without_its_lines_is_what_yaml_says(data: dict[str, object]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    assert parsed(text).plain() == yaml.safe_load(text)


@given(VALUES, VALUES)
def test_the_second_file_wins_and_mappings_are_merged(under: dict[str, object], over: dict[str, object]) -> None:
    merged = merge(parsed(yaml.safe_dump(under)), parsed(yaml.safe_dump(over))).plain()
    assert set(merged) == set(under) | set(over)
    for key, value in over.items():
        if not (isinstance(value, dict) and isinstance(under.get(key), dict)):
            assert merged[key] == value


@given(st.binary(max_size=200) | st.text(alphabet="{}[]:,&*!|>'\"-? \n<ab1", max_size=60).map(str.encode))
def test_any_bytes_are_a_tree_or_one_answer(text: bytes) -> None:
    assert isinstance(parse_values(text, "f"), (Value, Answer))


def test_a_value_knows_the_line_of_its_key() -> None:
    tree = parsed("a:\n  b: 1\n\n  # c\n  c:\n    - d: 2\n    - e\ntext: |\n  first\n  second\n")
    assert [tree.at(path).line for path in ("a", "a.b", "a.c", "text")] == [1, 2, 5, 8]  # type: ignore[union-attr]
    (first, second) = tree.children["a"].children["c"].items
    assert (first.line, second.line) == (6, 7)
    assert tree.children["text"].text_line == 9


def test_a_merge_key_fills_in_and_own_keys_win() -> None:
    tree = parsed("base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\nboth: {<<: [{a: 4}, *base]}\n")
    assert tree.plain()["own"] == {"a": 1, "b": 3}
    assert tree.plain()["both"] == {"a": 4, "b": 2}


def test_a_key_that_stands_twice_is_remembered_and_the_last_one_counts() -> None:
    tree = parsed("a: 1\nb: 2\na: 3\n")
    assert tree.repeated == (("a", 3),)
    assert tree.plain() == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"a: 1\nb: \0", 0, "zero byte"),
        (b"a: 1\nb: \xff", 2, "not UTF-8"),
        (b"a: 1\nb: [", 2, "expected"),
        (b"- a\n", 1, "no mapping"),
        (b"just words", 1, "no mapping"),
        (b"a: 1\n---\nb: 2\n", 2, "another document"),
        (b"a: 1\n? [b]\n: 2\n", 2, "a key that is no text"),
        (b"a: *nobody\n", 1, "undefined alias"),
        (b"a: &a {b: *a}\n", 1, "too deep"),
        (b"a: " + b"[" * 5000, 0, "too deep"),
        (b"a: " + b"{b: " * 70 + b"1" + b"}" * 70, 1, "too deep"),
        (BOMB, 1, "more than 20000 values, aliases filled in"),
        (b"#" * (LARGEST + 1), 0, "more than 256 KiB"),
    ],
    ids=range(13),
)
def test_what_is_no_values_file_is_one_answer(text: bytes, line: int, reason: str) -> None:
    found = parse_values(text, "values.yaml")
    assert isinstance(found, Answer)
    assert (found.code, found.file, found.line) == ("not_values", "values.yaml", line)
    assert reason in found.came


def test_tags_are_read_as_plain_data_and_nothing_is_run() -> None:
    tree = parsed("a: !!python/name:os.system\nb: !own x\nc: 2024-13-45\nd: 2024-01-02\ne: " + "9" * 5000)
    assert tree.plain()["a"] == ""
    assert tree.plain()["b"] == "x"
    assert tree.plain()["d"] == "2024-01-02"
    assert tree.plain()["e"] == "9" * 5000
