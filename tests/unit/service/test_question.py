"""What is read from a request's arguments, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.service.answers import found
from eessi_spawner.service.question import Span, check_names, filters_of, span_of, value_of
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget

CATALOGUE = bundled_catalogue()
NAMES = ("q", "release", "target", "accelerator", "generation", "language", "offset", "limit")


def test_a_list_begins_at_its_first_fifty() -> None:
    assert span_of({}) == Span(0, 50)
    assert span_of({"offset": ["100"], "limit": ["200"]}) == Span(100, 200)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "-1"),
        ("limit", "1e2"),
        ("offset", "\u0663"),
        ("offset", "9" * 5000),
        ("offset", "100001"),
    ],
)
def test_a_number_out_of_bounds_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidChoiceError, match=name):
        span_of({name: [value]})


def test_what_a_form_sends_for_nothing_chosen_narrows_nothing() -> None:
    assert filters_of({"release": [""], "target": [""], "accelerator": [""]}, CATALOGUE) == filters_of({}, CATALOGUE)


def test_filters_are_read_as_the_command_reads_them() -> None:
    filters = filters_of({"target": ["x86_64/amd/zen3"], "accelerator": ["accel/nvidia/cc80"]}, CATALOGUE)
    assert filters.targets == (CpuTarget("x86_64/amd/zen3"),)
    assert filters.accelerator == "nvidia/cc80"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"release": ["2020.01"]}, "no release '2020.01'"),
        ({"target": ["zen3"]}, "'zen3' is not a CPU target"),
        ({"accelerator": ["h100"]}, "'h100' is not an accelerator target"),
        ({"language": ["r", "python"]}, "One value of language was expected, and 2 came"),
        ({"generation": ["2025b"] * 31}, "At most 30 values of generation"),
    ],
)
def test_a_wrong_filter_is_refused_in_a_sentence(arguments: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidChoiceError, match=words):
        filters_of(arguments, CATALOGUE)


def test_a_misspelt_name_is_told_and_not_passed_over() -> None:
    with pytest.raises(InvalidChoiceError, match="no parameter 'relese'") as caught:
        check_names({"relese": ["2025.06"]}, ("q", "release"))
    assert caught.value.advice == "Use: q, release."


def test_one_value_is_expected_where_one_is_meant() -> None:
    assert not value_of({}, "q")
    assert value_of({"q": ["numpy"]}, "q") == "numpy"


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), st.lists(st.text(), max_size=3)))
def test_any_arguments_are_answered_or_refused_in_a_sentence(arguments: dict[str, list[str]]) -> None:
    try:
        answer = found(CATALOGUE, arguments)
    except EESSIError as error:
        refused = error
    else:
        refused = None
        assert len(answer["items"]) <= answer["limit"]
    assert refused is None or (refused.message and refused.advice)
