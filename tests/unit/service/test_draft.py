"""The editor's form: what it holds, what its buttons do, what it suggests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.service.draft import (
    BUTTONS,
    FIELDS,
    Draft,
    draft_of,
    free_name,
    pressed,
    read_draft,
    slug,
    suggestions,
)
from eessi_spawner.service.review import review
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.environments import make_environment

CATALOGUE = bundled_catalogue()
MATPLOTLIB = "matplotlib/3.10.5-gfbf-2025b"
BUNDLE = "SciPy-bundle/2025.07-gfbf-2025b"
OLD_BUNDLE = "SciPy-bundle/2023.07-gfbf-2023a"


def after(draft: Draft, **button: str) -> Draft:
    return pressed(CATALOGUE, draft, {name: [value] for name, value in button.items()})


def test_a_button_adds_a_module_once_and_clears_what_was_typed() -> None:
    draft = after(Draft(modules=(MATPLOTLIB,), typed="numpy"), add=BUNDLE)
    assert draft == Draft(modules=(MATPLOTLIB, BUNDLE))
    assert after(draft, add=BUNDLE) == draft


def test_a_button_removes_one_module() -> None:
    assert after(Draft(modules=(MATPLOTLIB, BUNDLE)), remove=MATPLOTLIB).modules == (BUNDLE,)
    assert after(Draft(modules=(MATPLOTLIB,)), remove="nope/1").modules == (MATPLOTLIB,)


def test_a_button_takes_the_nearest_set_and_the_release_that_was_chosen_follows() -> None:
    apart = Draft(modules=(OLD_BUNDLE, MATPLOTLIB))
    taken = after(apart, take="1")
    assert review(CATALOGUE, taken.modules).can
    assert taken.release == ""
    assert after(Draft(modules=(MATPLOTLIB,), release="2023.06"), take="1").release == "2023.06"


@pytest.mark.parametrize("button", ["look", "save"])
def test_a_full_name_that_was_typed_is_added_and_a_word_is_not(button: str) -> None:
    assert after(Draft(typed=f" {BUNDLE} "), **{button: "1"}) == Draft(modules=(BUNDLE,))
    words = Draft(typed="numpy")
    assert after(words, **{button: "1"}) == words


def test_what_goes_with_the_picked_modules_is_suggested_first() -> None:
    draft = Draft(modules=("matplotlib/3.7.2-gfbf-2023a",), typed="numpy")
    found = suggestions(CATALOGUE, draft, review(CATALOGUE, draft.modules))
    assert (found[0].module, found[0].fits, found[0].packages) == (OLD_BUNDLE, True, "numpy 1.25.1")
    fits = [one.fits for one in found]
    assert fits == sorted(fits, reverse=True)
    assert not all(fits)
    for one in found:
        both = review(CATALOGUE, (*draft.modules, one.module))
        assert not one.fits or both.can, one


def test_a_chosen_release_narrows_what_is_suggested() -> None:
    draft = Draft(typed="numpy", release="2023.06")
    assert {one.release for one in suggestions(CATALOGUE, draft, review(CATALOGUE, (), "2023.06"))} == {"2023.06"}


def test_nothing_typed_suggests_nothing_and_what_is_picked_is_not_suggested() -> None:
    assert suggestions(CATALOGUE, Draft(), review(CATALOGUE, ())) == ()
    draft = Draft(modules=(BUNDLE,), typed=BUNDLE)
    assert BUNDLE not in [one.module for one in suggestions(CATALOGUE, draft, review(CATALOGUE, draft.modules))]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Plots", "plots"),
        ("  My plots: 2025! ", "my-plots-2025"),
        ("绘图", "environment"),
        ("..", "environment"),
        ("x" * 100, "x" * 64),
        ("<b>", "b"),
    ],
)
def test_a_name_is_made_from_the_title(title: str, name: str) -> None:
    assert slug(title) == name


def test_a_taken_name_gets_a_number() -> None:
    assert free_name("a", []) == "a"
    assert free_name("a", ["a", "a-2"]) == "a-3"
    assert free_name("x" * 64, ["x" * 64]) == "x" * 62 + "-2"


@given(st.text(max_size=120), st.sets(st.integers(1, 30)))
def test_a_name_that_is_made_is_one_that_can_be_kept_and_is_free(title: str, numbers: set[int]) -> None:
    name = slug(title)
    taken = {name} | {free_name(name, {name} | {f"{name[:60]}-{number}" for number in numbers})}
    free = free_name(name, taken)
    assert free not in taken
    assert make_environment({"name": free, "release": "2025.06", "modules": [MATPLOTLIB]}).name == free


def test_a_saved_environment_comes_back_from_its_form() -> None:
    environment = chosen_environment(CATALOGUE, {"name": "x", "title": "X", "modules": [MATPLOTLIB, BUNDLE]})
    draft = draft_of(environment)
    assert draft.modules == (BUNDLE, MATPLOTLIB), "the kernel's module is added anyway"
    assert chosen_environment(CATALOGUE, draft.to_json()) == environment


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"owner": ["bob"]}, "There is no parameter 'owner'"),
        ({"name": ["a", "b"]}, "One value of name"),
        ({"module": [f"m/{number}" for number in range(51)]}, "At most 50 modules"),
    ],
)
def test_what_the_form_does_not_send_is_refused(fields: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidChoiceError, match=words):
        read_draft(fields)


texts = st.text(max_size=30) | st.sampled_from([MATPLOTLIB, BUNDLE, OLD_BUNDLE, "2025.06", "numpy"])
forms = st.dictionaries(st.sampled_from([*FIELDS, *BUTTONS]), st.lists(texts, max_size=3), max_size=6)


@given(forms)
def test_any_form_becomes_a_draft_with_a_verdict_or_is_refused_in_a_sentence(fields: dict[str, list[str]]) -> None:
    try:
        draft = pressed(CATALOGUE, read_draft(fields), fields)
        verdict = review(CATALOGUE, draft.modules, draft.release or None)
        assert all(one.module for one in suggestions(CATALOGUE, draft, verdict))
    except EESSIError as error:
        refused = error
    else:
        refused = None
    assert refused is None or (refused.message and refused.advice)
