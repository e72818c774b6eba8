"""Which environments are taken, and how one is completed to a kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.environments import (
    PYTHON_KERNEL_MODULES,
    Environment,
    make_environment,
    with_kernel_module,
)
from eessi_spawner.stack.modules import GENERATION_OF_COMPILER, parse_module

SCIENCE = "SciPy-bundle/2025.07-gfbf-2025b"
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
GENERATIONS = sorted(PYTHON_KERNEL_MODULES)


def described(**changes: Any) -> dict[str, Any]:
    return {"name": "science", "release": "2025.06", "modules": [SCIENCE], **changes}


def test_an_environment_gets_the_kernel_of_its_generation_and_its_name_as_title() -> None:
    assert make_environment(described()) == Environment(
        name="science",
        title="science",
        release="2025.06",
        modules=(SCIENCE, KERNEL),
        language="python",
    )


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_generation_gets_its_own_kernel(generation: str) -> None:
    environment = make_environment(described(modules=[f"SciPy-bundle/1.0-gfbf-{generation}"]))
    assert PYTHON_KERNEL_MODULES[generation] in environment.modules
    assert environment.generation == generation


def test_the_kernel_modules_are_of_the_generations_they_stand_for() -> None:
    for generation, module in PYTHON_KERNEL_MODULES.items():
        assert parse_module(module).generation == generation


def test_a_kernel_that_is_listed_is_kept_as_the_only_one() -> None:
    other = "jupyter-server/2.99.0-GCCcore-14.3.0"
    assert make_environment(described(modules=[other, SCIENCE])).modules == (SCIENCE, other)


def test_a_listed_kernel_serves_a_generation_that_eessi_has_none_for() -> None:
    own = "jupyter-server/2.7.0-GCCcore-12.2.0"
    assert make_environment(described(modules=[own])).modules == (own,)


def test_2022b_has_no_kernel() -> None:
    with pytest.raises(InvalidChoiceError, match="no Python kernel for generation 2022b"):
        make_environment(described(modules=["SciPy-bundle/2023.02-gfbf-2022b"]))


def test_modules_that_need_no_toolchain_give_no_kernel_alone_and_join_any_generation() -> None:
    with pytest.raises(InvalidChoiceError, match="which toolchain generation"):
        make_environment(described(modules=["Julia/1.12.2"]))
    with pytest.raises(InvalidChoiceError, match="which toolchain generation"):
        make_environment(described(modules=[]))
    assert "Julia/1.12.2" in make_environment(described(modules=["Julia/1.12.2", SCIENCE])).modules


@pytest.mark.parametrize("first", [*GENERATIONS, "2022b"])
@pytest.mark.parametrize("second", GENERATIONS)
def test_generations_are_never_mixed(first: str, second: str) -> None:
    if first == second:
        return
    modules = [f"SciPy-bundle/1.0-gfbf-{first}", f"h5py/3.14.0-foss-{second}"]
    with pytest.raises(InvalidChoiceError, match="different toolchain generations"):
        make_environment(described(modules=modules))


def test_a_kernel_of_another_generation_and_a_bare_toolchain_are_mixing_too() -> None:
    for other in (PYTHON_KERNEL_MODULES["2024a"], "foss/2024a", "GCCcore/13.3.0"):
        with pytest.raises(InvalidChoiceError, match="2024a and 2025b"):
            make_environment(described(modules=[SCIENCE, other]))


@pytest.mark.parametrize("compiler", sorted(GENERATION_OF_COMPILER))
def test_a_compiler_and_the_toolchain_of_its_generation_go_together(compiler: str) -> None:
    generation = GENERATION_OF_COMPILER[compiler]
    modules = [f"jupyter-server/2.0-GCCcore-{compiler}", f"SciPy-bundle/1.0-gfbf-{generation}"]
    assert make_environment(described(modules=modules)).generation == generation


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"name": ""},
        {"name": 7},
        {"name": ["science"]},
        {"name": "Science"},
        {"name": "-science"},
        {"name": "../science"},
        {"name": "a/b"},
        {"name": "science\n"},
        {"name": "a" * 65},
        {"release": None},
        {"release": 2025.06},
        {"release": "2025.06\n"},
        {"release": "../2025.06"},
        {"language": "julia"},
        {"language": None},
        {"language": ["python"]},
        {"modules": None},
        {"modules": SCIENCE},
        {"modules": {SCIENCE: True}},
        {"modules": [SCIENCE, 7]},
        {"modules": [SCIENCE, None]},
        {"modules": [[SCIENCE]]},
        {"modules": ["SciPy-bundle"]},
        {"modules": [SCIENCE, "--help/1"]},
        {"modules": [f"m{number}/1.0-gfbf-2025b" for number in range(50)]},
        {"title": None},
        {"title": ""},
        {"title": "  "},
        {"title": 7},
        {"title": "t" * 101},
        {"title": "two\nlines"},
        {"title": "red \x1b[31m"},
        {"title": "half a pair \ud800"},
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidChoiceError) as refused:
        make_environment(described(**changes))
    assert len(str(refused.value)) < 700
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("missing", ["name", "release", "modules"])
def test_nothing_that_is_needed_may_be_missing(missing: str) -> None:
    data = described()
    del data[missing]
    with pytest.raises(InvalidChoiceError):
        make_environment(data)


def test_a_title_may_be_in_any_language() -> None:
    assert make_environment(described(title=" Données 気候 📈 ")).title == "Données 気候 📈"


def test_fifty_modules_with_the_kernel_are_taken_and_taken_again() -> None:
    modules = [f"m{number}/1.0-gfbf-2025b" for number in range(49)]
    environment = make_environment(described(modules=modules))
    assert len(environment.modules) == 50
    assert make_environment(environment.to_json()) == environment


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
module_names = st.builds(
    "{}/{}-gfbf-{}".format,
    st.sampled_from(["SciPy-bundle", "matplotlib", "dask", "Julia", "jupyter-server"]),
    st.sampled_from(["1.0", "2.5"]),
    st.sampled_from([*GENERATIONS, "2022b", "2019a"]),
)
nearly_valid = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("science") | json_values,
        "release": st.just("2025.06") | json_values,
        "language": st.just("python") | json_values,
        "title": st.text(max_size=8) | json_values,
        "modules": st.lists(module_names | st.text(max_size=8), max_size=3) | json_values,
    },
)


@given(json_values | nearly_valid)
def test_any_json_is_an_environment_or_an_invalid_choice(data: Any) -> None:
    try:
        environment = make_environment(data)
    except InvalidChoiceError:
        return
    assert any(module.startswith("jupyter-server/") for module in environment.modules)
    assert make_environment(json.loads(json.dumps(environment.to_json()))) == environment


same_generation = st.lists(
    st.sampled_from([f"m{number}/1.0-gfbf-2025b" for number in range(9)]), min_size=1, unique=True
)


@given(same_generation.flatmap(lambda modules: st.tuples(st.just(modules), st.permutations(modules))))
def test_the_key_does_not_depend_on_the_order_of_modules(orders: tuple[list[str], list[str]]) -> None:
    first, second = (make_environment(described(modules=modules)) for modules in orders)
    assert first.key == second.key
    assert first == second


def test_the_key_does_not_depend_on_what_people_call_it_or_on_repetition() -> None:
    key = make_environment(described()).key
    assert make_environment(described(name="other", title="Other")).key == key
    assert make_environment(described(modules=[SCIENCE, SCIENCE, KERNEL])).key == key


def test_the_key_depends_on_release_modules_and_language() -> None:
    environments = [
        make_environment(described()),
        make_environment(described(release="2026.06")),
        make_environment(described(modules=[SCIENCE, "matplotlib/3.10.5-gfbf-2025b"])),
        Environment("science", "science", "2025.06", (SCIENCE, KERNEL), "r"),
    ]
    assert len({environment.key for environment in environments}) == len(environments)


def test_the_key_is_the_same_in_every_process_and_release_of_this_package() -> None:
    assert make_environment(described()).key == "0ca6637ff9e1"


def test_completing_modules_leaves_the_list_as_it_was() -> None:
    modules = [parse_module(SCIENCE)]
    assert with_kernel_module("science", modules) == (SCIENCE, KERNEL)
    assert modules == [parse_module(SCIENCE)]
