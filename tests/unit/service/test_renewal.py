"""What a newer release would break."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError
from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.service.renewal import chosen_modules, newer_releases, renew
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.environments import Environment
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

CATALOGUE = bundled_catalogue()
KERNELS = ("jupyter-server/2.7.2-GCCcore-12.3.0", "jupyter-server/2.17.0-GCCcore-14.3.0")


def made(*modules: str) -> Environment:
    return Environment("x", "X", "2023.06", modules)


def test_each_module_becomes_its_successor_and_the_kernel_goes_with_them() -> None:
    environment = chosen_environment(CATALOGUE, {"name": "x", "modules": ["matplotlib/3.7.2-gfbf-2023a"]})
    renewal = renew(CATALOGUE, environment, "2025.06")
    assert renewal.verdict == "successors"
    [step] = renewal.steps
    assert step.old == "matplotlib/3.7.2-gfbf-2023a"
    assert step.new.startswith("matplotlib/3.")
    assert step.new in renewal.modules
    assert any(name.startswith("jupyter-server/") for name in renewal.modules)


@pytest.mark.parametrize(("there", "verdict", "tool"), [(["tool/1.0"], "successors", "tool/1.0"), ([], "gaps", "")])
def test_what_has_no_successor_is_named(there: list[str], verdict: str, tool: str) -> None:
    catalogue = small_catalogue(
        *(version_entry(name, "2023.06") for name in ("a/1-foss-2023a", "tool/1.0", KERNELS[0])),
        *(version_entry(name) for name in ("a/2-foss-2025b", KERNELS[1], *there)),
    )
    renewal = renew(catalogue, made("a/1-foss-2023a", KERNELS[0], "tool/1.0"), "2025.06")
    assert renewal.verdict == verdict
    assert [(step.old, step.new) for step in renewal.steps] == [
        ("a/1-foss-2023a", "a/2-foss-2025b"),
        ("tool/1.0", tool),
    ]
    assert KERNELS[1] in renewal.modules


def test_nothing_changes_where_all_modules_are_there() -> None:
    names = ("a/1-foss-2025b", KERNELS[1])
    catalogue = small_catalogue(*(version_entry(name, release) for name in names for release in ("2025.06", "2026.06")))
    renewal = renew(catalogue, Environment("x", "X", "2025.06", ("a/1-foss-2025b", KERNELS[1])), "2026.06")
    assert renewal.verdict == "same"


def test_where_the_new_generation_has_no_kernel_there_is_nothing() -> None:
    catalogue = small_catalogue(
        version_entry("a/1-foss-2023a", "2023.06"),
        version_entry(KERNELS[0], "2023.06"),
        version_entry("a/2-foss-2025b"),
    )
    renewal = renew(catalogue, made("a/1-foss-2023a", KERNELS[0]), "2025.06")
    assert (renewal.verdict, renewal.modules) == ("nothing", ())


def test_a_module_that_the_catalogue_lost_is_told() -> None:
    renewal = renew(CATALOGUE, made("gone/1-foss-2023a", "matplotlib/3.7.2-gfbf-2023a"), "2025.06")
    assert renewal.verdict == "gaps"
    assert "does not have it any longer" in renewal.steps[0].reason


def test_only_releases_that_are_newer_are_asked() -> None:
    assert newer_releases(CATALOGUE, "2023.06") == ("2025.06",)
    assert newer_releases(CATALOGUE, "2025.06") == ()


def test_the_module_of_the_kernel_alone_is_an_environment_too() -> None:
    assert chosen_modules(KERNELS[:1]) == KERNELS[:1]
    assert renew(CATALOGUE, made(KERNELS[0]), "2025.06").verdict == "successors"


names_2023 = sorted({module.full_name for module in CATALOGUE if module.release == "2023.06"})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(names_2023), min_size=1, max_size=4))
def test_what_is_offered_can_be_saved_and_no_module_is_forgotten(modules: list[str]) -> None:
    try:
        environment = chosen_environment(CATALOGUE, {"name": "x", "release": "2023.06", "modules": modules})
    except EESSIError:
        return
    renewal = renew(CATALOGUE, environment, "2025.06")
    assert tuple(step.old for step in renewal.steps) == chosen_modules(environment.modules)
    assert all(step.new or step.reason for step in renewal.steps)
    if renewal.modules:
        data = {"name": "x", "release": "2025.06", "modules": list(renewal.modules)}
        assert chosen_environment(CATALOGUE, data).modules == renewal.modules
        assert {step.new for step in renewal.steps if step.new} <= set(renewal.modules)
