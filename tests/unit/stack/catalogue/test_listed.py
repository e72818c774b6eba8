"""Environments that a site lists by modules or by packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.listed import check_listed, open_saved_catalogue, resolve_listed
from eessi_spawner.stack.cpu_targets import CpuTarget

ZEN3 = (CpuTarget("x86_64/amd/zen3"),)
BY_MODULES = {"name": "mine", "release": "2025.06", "modules": ["SciPy-bundle/2025.07-gfbf-2025b"]}


def test_packages_become_the_modules_of_the_newest_generation_that_has_them() -> None:
    entries = [BY_MODULES, {"name": "plots", "title": "Plots", "packages": ["numpy", "matplotlib"]}]
    mine, plots = resolve_listed(entries, ZEN3, bundled_catalogue)
    assert mine.environment.name == "mine"
    assert (plots.environment.name, plots.environment.title, plots.environment.release) == ("plots", "Plots", "2025.06")
    assert plots.environment.modules == (
        "SciPy-bundle/2025.07-gfbf-2025b",
        "jupyter-server/2.17.0-GCCcore-14.3.0",
        "matplotlib/3.10.5-gfbf-2025b",
    )
    assert not plots.problem


def test_a_release_can_be_asked_for() -> None:
    entry = {"name": "deep", "packages": ["tensorflow"], "release": "2023.06"}
    (deep,) = resolve_listed([entry], ZEN3, bundled_catalogue)
    assert "TensorFlow/2.13.0-foss-2023a" in deep.environment.modules


@pytest.mark.parametrize("packages", [["zzzz-no-such-thing"], []])
def test_what_cannot_be_completed_is_there_with_the_reason(packages: list[str]) -> None:
    (odd,) = resolve_listed([{"name": "odd", "packages": packages}], ZEN3, bundled_catalogue)
    assert odd.environment.name == "odd"
    assert odd.environment.modules == ()
    assert odd.problem


def test_the_catalogue_is_not_opened_for_modules() -> None:
    def never() -> Any:
        raise AssertionError

    assert resolve_listed([BY_MODULES], ZEN3, never)[0].problem == ""


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "x", "packages": "numpy"},
        {"name": "x", "packages": [1]},
        {"name": "x", "packages": ["numpy"], "modules": []},
        {"name": "Not a name", "packages": ["numpy"]},
        {"name": "x", "packages": ["numpy"], "release": "new"},
        {"packages": ["numpy"]},
        {"name": "x", "packages": ["numpy"], "title": ""},
        {"name": "x"},
        "numpy",
        None,
    ],
)
def test_what_is_written_wrongly_is_refused(entry: Any) -> None:
    with pytest.raises(InvalidChoiceError):
        check_listed(entry)


def test_a_catalogue_is_loaded_once_while_it_stays_the_same(tmp_path: Path) -> None:
    assert open_saved_catalogue(tmp_path) is open_saved_catalogue(tmp_path)
