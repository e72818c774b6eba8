"""Environments that users post: what is kept, and what is refused and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError, InvalidChoiceError, ModulesApartError, UnknownModuleError
from eessi_spawner.service.chosen import check_together, chosen_environment
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.environments import make_environment

CATALOGUE = bundled_catalogue()
PLOTS = {"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"


def test_the_release_that_has_the_modules_and_their_kernel_are_added() -> None:
    environment = chosen_environment(CATALOGUE, PLOTS)
    assert environment.release == "2025.06"
    assert environment.modules == (KERNEL, "matplotlib/3.10.5-gfbf-2025b")
    assert environment.title == "plots"


def test_it_says_where_it_can_be_loaded() -> None:
    assert "x86_64/amd/zen3" in check_together(CATALOGUE, chosen_environment(CATALOGUE, PLOTS)).targets


@pytest.mark.parametrize(
    ("modules", "release", "reason"),
    [
        (
            ["matplotlib/3.10.5-gfbf-2025b", "matplotlib/3.9.2-gfbf-2024a"],
            "2025.06",
            "toolchain generations cannot be mixed",
        ),
        (["matplotlib/3.10.5-gfbf-2025b"], "2023.06", "is not in EESSI 2023.06, only in 2025.06"),
        (["Perl/5.40.2-GCCcore-14.3.0", "Perl/5.40.0-GCCcore-14.2.0"], None, "only one version of Perl"),
    ],
)
def test_what_cannot_go_together_is_told_with_the_reason_and_the_nearest_set_that_can(
    modules: list[str], release: str | None, reason: str
) -> None:
    data = {"name": "mixed", "modules": modules} | ({"release": release} if release else {})
    with pytest.raises(ModulesApartError, match=reason) as caught:
        chosen_environment(CATALOGUE, data)
    assert caught.value.advice.startswith("The nearest set that can, in EESSI ")


def test_an_advised_set_can_be_kept() -> None:
    data = {"name": "mixed", "modules": ["matplotlib/3.10.5-gfbf-2025b", "SciPy-bundle/2023.07-gfbf-2023a"]}
    with pytest.raises(ModulesApartError) as caught:
        chosen_environment(CATALOGUE, data)
    advised = caught.value.advice.partition(": ")[2].rstrip(".").split(", ")
    assert set(advised) < set(chosen_environment(CATALOGUE, {**data, "modules": advised}).modules)


def test_a_module_that_no_release_has_is_unknown() -> None:
    with pytest.raises(UnknownModuleError, match="nope/1"):
        chosen_environment(CATALOGUE, {"name": "plots", "modules": ["nope/1.0"]})


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        "plots",
        {},
        {**PLOTS, "name": "<b>"},
        {**PLOTS, "name": 1},
        {**PLOTS, "title": "two\nlines"},
        {**PLOTS, "title": "turned \u2028 around"},
        {**PLOTS, "title": "turned \u202e around"},
        {**PLOTS, "title": "a mark \u200f"},
        {**PLOTS, "title": "x" * 10_000},
        {**PLOTS, "title": "nul \x00"},
        {**PLOTS, "release": 2025.06},
        {**PLOTS, "release": "../2025.06"},
        {**PLOTS, "language": "cobol"},
        {**PLOTS, "modules": []},
        {**PLOTS, "modules": "matplotlib/3.10.5-gfbf-2025b"},
        {**PLOTS, "modules": ["--help/1"]},
        {**PLOTS, "modules": [{}]},
        {**PLOTS, "modules": ["matplotlib/3.10.5-gfbf-2025b"] * 10_000},
        {**PLOTS, "owner": "bob"},
        {**PLOTS, "id": "0" * 32},
    ],
)
def test_what_is_not_shaped_as_an_environment_is_refused(data: object) -> None:
    with pytest.raises(InvalidChoiceError) as caught:
        chosen_environment(CATALOGUE, data)
    assert len(str(caught.value)) < 600


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["2025.06", KERNEL, "numpy/1.0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("name", "title", "release", "modules", "language"), json_values),
    )
)
def test_any_json_is_kept_as_a_good_environment_or_refused_in_a_sentence(data: dict[str, object]) -> None:
    try:
        environment = chosen_environment(CATALOGUE, data)
    except EESSIError as error:
        refused = error
    else:
        refused = None
        assert make_environment(environment.to_json()) == environment
    assert refused is None or (refused.message and refused.advice)
