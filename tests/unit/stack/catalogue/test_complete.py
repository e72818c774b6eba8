"""Words become environments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.complete import complete
from eessi_spawner.stack.catalogue.together import can_load_together
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import make_environment

BUNDLED = bundled_catalogue()


@pytest.mark.parametrize(
    ("words", "generation", "modules"),
    [
        ("numpy, matplotlib", "2025b", "SciPy-bundle/2025.07-gfbf-2025b jupyter-server/2.17.0-GCCcore-14.3.0"
         " matplotlib/3.10.5-gfbf-2025b"),
        ("numpy pandas scipy", "2025b", "SciPy-bundle/2025.07-gfbf-2025b jupyter-server/2.17.0-GCCcore-14.3.0"),
        ("numpy dask", "2025a", "SciPy-bundle/2025.06-gfbf-2025a dask/2025.5.1-gfbf-2025a"
         " jupyter-server/2.16.0-GCCcore-14.2.0"),
        ("torch", "2023a", "PyTorch/2.1.2-foss-2023a jupyter-server/2.7.2-GCCcore-12.3.0"),
        ("ggplot2 dplyr", "2025b", "IRkernel/1.3.2-gfbf-2025b-R-4.5.2 R-bundle-CRAN/2025.11-foss-2025b"),
        ("R", "2025b", "IRkernel/1.3.2-gfbf-2025b-R-4.5.2"),
        ("octave", "2025b", "octave-kernel/1.1.0-foss-2025b"),
        ("matplotlib/3.7.2-gfbf-2023a", "2023a", "jupyter-server/2.7.2-GCCcore-12.3.0 matplotlib/3.7.2-gfbf-2023a"),
    ],
)  # fmt: skip
def test_the_newest_generation_that_has_all_is_taken_with_its_kernel(words: str, generation: str, modules: str) -> None:
    answer = complete(BUNDLED, [words])
    assert answer.complete
    assert (answer.generation, answer.modules) == (generation, tuple(modules.split()))
    assert can_load_together(BUNDLED, answer.modules, release=answer.release).can


def test_wanted_targets_and_release_narrow_it() -> None:
    zen4 = CpuTarget("x86_64/amd/zen4")
    assert complete(BUNDLED, ["numpy"], release="2023.06", targets=[zen4]).generation == "2023b"
    assert complete(BUNDLED, ["numpy"], targets=[zen4, CpuTarget("aarch64/a64fx")]).generation == "2025b"
    assert not complete(BUNDLED, ["numpy"], targets=[CpuTarget("riscv64/generic")]).complete


def test_what_no_generation_has_is_missing_from_the_nearest() -> None:
    answer = complete(BUNDLED, ["numpy", "qqqqqqqq"])
    assert not answer.complete
    assert (answer.generation, answer.missing) == ("2025b", ("qqqqqqqq",))


def test_words_that_no_generation_has_together_give_the_one_that_lacks_least() -> None:
    answer = complete(BUNDLED, ["tensorflow", "numpy", "IRkernel"], language="python")
    assert "tensorflow" in {*answer.found, *answer.missing}


def test_a_language_without_a_kernel_there_is_not_complete() -> None:
    answer = complete(BUNDLED, ["ggplot2"], release="2023.06")
    assert (answer.language, answer.kernel_module, answer.complete) == ("r", "", False)


def test_a_typing_error_is_read_as_what_is_meant_and_said() -> None:
    answer = complete(BUNDLED, ["matplotlb"])
    assert answer.read_as == {"matplotlb": "matplotlib"}
    assert answer.found == {"matplotlb": "matplotlib/3.10.5-gfbf-2025b"}


def test_no_words_give_a_kernel_alone() -> None:
    assert complete(BUNDLED, []).modules == ("jupyter-server/2.17.0-GCCcore-14.3.0",)


def test_the_environment_is_one_that_configuration_takes() -> None:
    environment = complete(BUNDLED, ["NumPy", "matplotlib"]).environment()
    assert environment.name == "2025b-numpy-matplotlib"
    assert environment.title == "NumPy, matplotlib (2025b)"
    assert make_environment(environment.to_json()) == environment


def test_an_environment_may_be_named() -> None:
    environment = complete(BUNDLED, ["numpy"]).environment("mine", "My own")
    assert (environment.name, environment.title) == ("mine", "My own")


@given(words=st.lists(st.text(max_size=12), max_size=4))
def test_any_words_are_completed_or_missing(words: list[str]) -> None:
    answer = complete(BUNDLED, words)
    assert answer.complete or answer.missing or not answer.kernel_module
    if answer.complete and answer.language == "python":
        assert make_environment(answer.environment().to_json())
