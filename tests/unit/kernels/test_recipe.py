"""Recipes survive JSON, and their key changes with all that decides what modules set, and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from eessi_spawner.kernels.recipe import Recipe, make_recipe
from eessi_spawner.stack.environments import Environment

RECIPE = Recipe(
    root="/cvmfs/software.eessi.io",
    release="2025.06",
    modules=("SciPy-bundle/2025.07-gfbf-2025b", "jupyter-server/2.17.0-GCCcore-14.3.0"),
    language="python",
    title="SciPy · ☃",
    chain=("x86_64/amd/zen3", "x86_64/generic"),
    accelerator="nvidia/cc80",
    lmod="/opt/lmod",
)


def test_a_recipe_survives_json() -> None:
    assert Recipe.from_json(json.loads(json.dumps(RECIPE.to_json()))) == RECIPE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("root", "/other"),
        ("release", "2023.06"),
        ("modules", RECIPE.modules[:1]),
        ("language", "r"),
        ("chain", ("x86_64/generic",)),
        ("chain", ()),
        ("accelerator", ""),
        ("lmod", ""),
        ("site_prefix", "/opt/site"),
        ("detected", "x86_64/amd/zen3"),
    ],
)
def test_what_decides_the_environment_changes_the_key(field: str, value: object) -> None:
    assert replace(RECIPE, **{field: value}).key != RECIPE.key


def test_the_title_does_not_change_the_key() -> None:
    assert replace(RECIPE, title="Other").key == RECIPE.key


def test_a_key_can_be_a_files_name_and_is_the_same_in_every_process() -> None:
    assert Recipe("/r", "2025.06", ("A/1",), "python", "T").key == "36345a66404a7906f55f017b"


def test_a_recipe_is_made_of_an_environment_and_where_it_runs() -> None:
    environment = Environment("scipy", RECIPE.title, RECIPE.release, RECIPE.modules)
    made = make_recipe(
        environment, root=RECIPE.root, chain=RECIPE.chain, accelerator=RECIPE.accelerator, lmod=RECIPE.lmod
    )
    assert made == RECIPE
    assert made.of_release.eessi_module == "EESSI/2025.06"


@pytest.mark.parametrize("missing", ["root", "modules", "chain", "title"])
def test_a_recipe_without_a_part_is_refused(missing: str) -> None:
    data = RECIPE.to_json()
    del data[missing]
    with pytest.raises((KeyError, TypeError)):
        Recipe.from_json(data)
