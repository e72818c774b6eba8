"""What is looked up in the catalogue."""

from __future__ import annotations

from datetime import date

import pytest

from eessi_spawner.errors import UnknownModuleError
from eessi_spawner.stack.catalogue.entry import Provenance, version_key
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.stack.catalogue.published import small_catalogue, version_entry


@pytest.mark.parametrize(
    ("release", "target", "directory"),
    [
        ("2025.06", "x86_64/amd/zen5", "x86_64/amd/zen5"),
        ("2023.06", "x86_64/amd/zen5", "x86_64/amd/zen4"),
        ("2023.06", "aarch64/google/axion", "aarch64/nvidia/grace"),
        ("2023.06", "riscv64/generic", None),
        ("2020.01", "x86_64/generic", None),
    ],
)
def test_a_machine_gets_the_best_directory_that_the_release_has(
    bundled: Catalogue, release: str, target: str, directory: str | None
) -> None:
    assert bundled.directory_for(release, CpuTarget(target)) == directory


def test_a_zen5_machine_cannot_load_2022b_since_its_directory_is_that_of_zen4(bundled: Catalogue) -> None:
    row = bundled.find("SciPy-bundle/2023.02-gfbf-2022b")[0]
    assert not bundled.runs_on(row, [CpuTarget("x86_64/amd/zen5")])
    assert bundled.runs_on(row, [CpuTarget("x86_64/amd/zen3")])


def test_an_accelerator_runs_what_was_built_for_an_earlier_one_of_its_kind() -> None:
    gpus = {"x86_64/amd/zen3": ["nvidia/cc80"]}
    catalogue = small_catalogue(version_entry("A/1", gpu_arch=gpus), version_entry("B/1"))
    zen3, generic = CpuTarget("x86_64/amd/zen3"), CpuTarget("x86_64/generic")
    assert catalogue.runs_on(0, [], "nvidia/cc80")
    assert catalogue.runs_on(0, [zen3], "nvidia/cc86")
    assert not catalogue.runs_on(0, [generic], "nvidia/cc80")
    assert not catalogue.runs_on(0, [zen3], "nvidia/cc90")
    assert not catalogue.runs_on(1, [], "nvidia/cc80")


@pytest.mark.parametrize(
    ("name", "release", "words"),
    [
        ("SciPy-bundle/1.0", None, "There is: SciPy-bundle/2025.07-gfbf-2025b, SciPy-bundle/2025.06-gfbf-2025a"),
        ("SciPy-bundle/2025.07-gfbf-2025b", "2023.06", "is not in EESSI 2023.06. It is in 2025.06."),
        ("NoSuch/1.0", None, "eessi-spawner search NoSuch"),
    ],
)
def test_an_unknown_module_is_an_error_that_names_what_there_is(
    bundled: Catalogue, name: str, release: str | None, words: str
) -> None:
    with pytest.raises(UnknownModuleError) as raised:
        bundled.find(name, release)
    assert words in str(raised.value)


def test_the_order_is_newest_release_and_generation_then_name_then_newest_version() -> None:
    names = ["b/1.9-foss-2025a", "b/1.10-foss-2025a", "A/1-foss-2025a", "z/1-foss-2025b"]
    catalogue = small_catalogue(*map(version_entry, names), version_entry("a/9-foss-2023a", "2023.06"))
    rows = sorted(range(5), key=catalogue.order.__getitem__)
    assert [catalogue.columns.full_name(row) for row in rows] == [
        "z/1-foss-2025b", "A/1-foss-2025a", "b/1.10-foss-2025a", "b/1.9-foss-2025a", "a/9-foss-2023a",
    ]  # fmt: skip


def test_builds_with_llvm_stand_behind_those_with_gcc() -> None:
    toolchains = [{"name": "llvm-compilers", "version": "20.1.8"}, {"name": "GCC", "version": "14.3.0"}]
    modules = ["FFTW/3.3.10-llvm-compilers-20.1.8", "FFTW/3.3.10-GCC-14.3.0"]
    catalogue = small_catalogue(*(version_entry(m, toolchain=t) for m, t in zip(modules, toolchains, strict=True)))
    assert catalogue.order == [1, 0]


def test_versions_sort_as_people_sort_them() -> None:
    versions = ["1.0rc1", "1.0", "1.2", "1.10"]
    assert sorted(versions[3::-1], key=version_key) == ["1.0rc1", "1.0", "1.2", "1.10"]


@pytest.mark.parametrize(
    ("day", "source", "words"),
    [
        (date(2026, 9, 1), "x", "of today"),
        (date(2026, 9, 2), "x", "of today"),
        (date(2026, 8, 31), "x", "1 day old"),
        (date(2026, 8, 21), "x", "11 days old"),
        (None, "x", "of unknown age"),
        (None, "/cvmfs/dev.eessi.io/p", "as it is mounted"),
    ],
)
def test_every_catalogue_says_how_old_it_is(day: date | None, source: str, words: str, today: date) -> None:
    assert Provenance(source, day).age(today) == words


def test_a_module_is_of_the_languages_of_its_packages_its_name_and_its_suffix(bundled: Catalogue) -> None:
    def languages(name: str) -> set[str]:
        return {language for language, rows in bundled.rows_of_language.items() if bundled.find(name)[0] in rows}

    assert "r" in languages("IRkernel/1.3.2-gfbf-2025b-R-4.5.2")
    assert languages("SciPy-bundle/2025.07-gfbf-2025b") == {"python"}
    assert "r" in languages("R/4.5.2-gfbf-2025b")
    assert languages("GROMACS/2026.2-foss-2025b") <= {"python"}
