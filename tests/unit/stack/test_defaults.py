"""The environments that are offered where a site lists none."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.stack.defaults import default_environments, default_modules, true_versions
from eessi_spawner.stack.generations import GENERATIONS
from eessi_spawner.stack.modules import parse_module
from eessi_spawner.stack.mounted import ReleaseReading, StackReading


def reading(*releases: ReleaseReading, sample: dict[str, Any] | None = None) -> StackReading:
    return StackReading("/stack", releases, sample or {})


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)
def test_all_modules_of_a_generation_belong_to_it(generation: Any) -> None:
    assert {parse_module(module).generation for module in generation.modules} == {generation.name}


def test_each_generation_with_its_kernel_module_gives_an_environment_newest_release_first() -> None:
    full = reading(
        *(ReleaseReading(version, "x86_64/generic", default_modules()[version]) for version in ("2025.06", "2023.06"))
    )
    names = [environment.name for environment in default_environments(full)]
    assert names == [
        "2025.06-python-2025b",
        "2025.06-python-2025a",
        "2025.06-python-2024a",
        "2023.06-python-2023b",
        "2023.06-python-2023a",
    ]


def test_a_module_that_the_tree_lacks_is_left_out() -> None:
    kernel = GENERATIONS[0].kernel_module
    (environment,) = default_environments(reading(ReleaseReading("2025.06", "x86_64/generic", (kernel,))))
    assert environment.modules == (kernel,)


def test_without_its_kernel_module_a_generation_gives_nothing() -> None:
    assert default_environments(reading(ReleaseReading("2025.06", "x86_64/generic", GENERATIONS[0].science))) == ()


def test_the_title_names_the_python_that_is_really_there() -> None:
    release = ReleaseReading("2025.06", "x86_64/generic", (GENERATIONS[0].kernel_module,))
    sample = {"generations": {"2025b": {"python": "3.11.7"}}}
    assert [found.title for found in default_environments(reading(release))] == ["Python 3.13.5 (2025b)"]
    assert [found.title for found in default_environments(reading(release, sample=sample))] == ["Python 3.11.7 (2025b)"]


@pytest.mark.parametrize(
    "sample", [{}, {"generations": 7}, {"generations": {"2025b": "x"}}, {"generations": {"2025b": None}}]
)
def test_a_broken_note_says_nothing(sample: dict[str, Any]) -> None:
    assert true_versions("2025b", sample) == {}
