"""The words a search looks in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.stack.catalogue.terms import Haystack, Terms, distance, fold, make_terms

lines = st.lists(st.text(alphabet="abc", max_size=5), max_size=8)


@given(lines=lines, needle=st.text(alphabet="abc", min_size=1, max_size=3))
def test_a_haystack_finds_the_lines_that_contain_the_needle(lines: list[str], needle: str) -> None:
    haystack = Haystack(lines)
    assert list(haystack.find(needle)) == [n for n, line in enumerate(lines) if needle in line]
    assert list(haystack.find(f"\n{needle}\n")) == [n for n, line in enumerate(lines) if needle == line]


@pytest.mark.parametrize(
    ("left", "right", "apart"),
    [("numpy", "numpy", 0), ("nupmy", "numpy", 1), ("numpi", "numpy", 1), ("nmpy", "numpy", 1), ("abcd", "xyzw", 3)],
)
def test_a_distance_counts_letters_and_swaps_up_to_its_limit(left: str, right: str, apart: int) -> None:
    assert distance(left, right, 2) == apart


@given(left=st.text(alphabet="ab", max_size=6), right=st.text(alphabet="ab", max_size=6))
def test_a_distance_is_the_same_both_ways(left: str, right: str) -> None:
    assert distance(left, right, 9) == distance(right, left, 9)


@pytest.mark.parametrize("name", ["scikit-learn", "Scikit_Learn", "scikit.learn", "SCIKIT LEARN", "scikit::learn"])
def test_names_are_compared_without_case_and_separators(name: str) -> None:
    assert fold(name) == "scikitlearn"


@given(
    words=st.lists(st.text(alphabet="ab", min_size=1, max_size=12), max_size=6),
    word=st.text(alphabet="ab", min_size=4, max_size=12),
)
def test_all_words_that_are_near_are_found_and_no_others(words: list[str], word: str) -> None:
    typos = len(word) // 3
    near = make_terms([], words, []).near(word, typos)
    assert near == [n for n, other in enumerate(words) if distance(word, other, typos) <= typos]


def test_words_survive_json() -> None:
    terms = make_terms(["SciPy-bundle"], ["numpy"], ["About it"])
    assert Terms.from_json(terms.to_json(), ["About it"]) == terms
    assert terms.words == ["scipybundle", "numpy", "scipy", "bundle"]


@pytest.mark.parametrize("change", [{"words": []}, {"owners": None}, {"whole": "1"}, {"software": 7}])
def test_words_of_another_catalogue_are_refused(change: dict[str, object]) -> None:
    data = {**make_terms(["A"], [], [""]).to_json(), **change}
    with pytest.raises(ValueError, match="the words"):
        Terms.from_json(data, [""])
