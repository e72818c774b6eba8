"""Searches that people make, and what they find."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import Filters, search, starts_version
from eessi_spawner.stack.cpu_targets import CpuTarget

BUNDLED = bundled_catalogue()

# What is typed, the module that comes first, how it was found, and in how many modules in all.
GOLDENS = [
    ("numpy", "SciPy-bundle/2025.07-gfbf-2025b", "exact", 9),
    ("NumPy", "SciPy-bundle/2025.07-gfbf-2025b", "exact", 9),
    ("nupmy", "SciPy-bundle/2025.07-gfbf-2025b", "typo", None),
    ("numpy==1.26", "SciPy-bundle/2024.05-gfbf-2024a", "exact", 2),
    ("pandas 2.2", "SciPy-bundle/2024.05-gfbf-2024a", "exact", 1),
    ("scipy-bundle", "SciPy-bundle/2025.07-gfbf-2025b", "exact", 6),
    ("Scipy bundle", "SciPy-bundle/2025.07-gfbf-2025b", "exact", 6),
    ("SciPy-bundle/2023.11-gfbf-2023b", "SciPy-bundle/2023.11-gfbf-2023b", "exact", 1),
    ("sklearn", "scikit-learn/1.7.1-gfbf-2025b", "exact", None),
    ("scikit learn", "scikit-learn/1.7.1-gfbf-2025b", "exact", None),
    ("scikit_learn", "scikit-learn/1.7.1-gfbf-2025b", "exact", None),
    ("matplotlb", "matplotlib/3.10.5-gfbf-2025b", "typo", None),
    ("torch", "PyTorch/2.1.2-foss-2023a", "alias", None),
    ("pytorch 2.1", "PyTorch/2.1.2-foss-2023a", "exact", 1),
    ("tensorfow", "TensorFlow/2.13.0-foss-2023a", "typo", 2),
    ("gromcas", "GROMACS/2026.2-foss-2025b", "typo", 10),
    ("gromacs cuda", "GROMACS/2026.2-foss-2025b-CUDA-12.9.1", "inside", None),
    ("quantum espresso", "QuantumESPRESSO/7.5-foss-2025b", "exact", 3),
    ("openfoam", "OpenFOAM/13-foss-2025a", "exact", 6),
    ("open fom", "OpenFOAM/13-foss-2025a", "typo", None),
    ("foam", "OpenFOAM/13-foss-2025a", "inside", None),
    ("python 3.11", "Python/3.11.5-GCCcore-13.2.0", "exact", None),
    ("python 3.1", "Python/3.13.5-GCCcore-14.3.0", "exact", None),
    ("R", "R/4.5.2-gfbf-2025b", "exact", 6),
    ("ggplot2", "R-bundle-CRAN/2025.11-foss-2025b", "exact", 6),
    ("ggplto2", "R-bundle-CRAN/2025.11-foss-2025b", "typo", 6),
    ("dplyr", "R-bundle-CRAN/2025.11-foss-2025b", "exact", None),
    ("bioconductor", "R-bundle-Bioconductor/3.22-foss-2025b-R-4.5.2", "part", None),
    ("hdf5", "HDF5/1.14.6-gompi-2025b", "exact", None),
    ("netcdf 2023b", "netCDF/4.9.2-gompi-2023b", "exact", None),
    ("blast", "BLAST+/2.17.0-gompi-2025a", "prefix", None),
    ("foss 2025b", "foss/2025b", "exact", None),
    ("dask 2024", "dask/2024.9.1-gfbf-2024a", "exact", 1),
    ("jupyterlab", "JupyterLab/4.4.9-GCCcore-14.3.0", "exact", None),
    ("cv2", "OpenCV/4.8.1-foss-2023a-contrib", "alias", None),
    ("py torch", "PyTorch/2.1.2-foss-2023a", "exact", None),
    ("tensorflow gpu", "TensorFlow/2.13.0-foss-2023a", "exact", None),
    ("R tidyverse", "R-bundle-CRAN/2025.11-foss-2025b", "part", 6),
    ("R devtools", "R/4.5.2-gfbf-2025b", "part", None),
    ("python numpy", "SciPy-bundle/2025.07-gfbf-2025b", "part", None),
    ("python yaml", "ruamel.yaml/0.18.14-GCCcore-14.3.0", "part", None),
    ("perl json", "Perl-bundle-CPAN/5.40.0-GCCcore-14.2.0", "part", None),
    ("gdal python", "GDAL/3.11.3-foss-2025b", "exact", None),
    ("HDF5 parallel", "HDF5/1.14.6-gompi-2025b", "exact", None),
    ("netcdf fortran", "netCDF-Fortran/4.6.2-gompi-2025a", "exact", None),
    ("gromacs 2024", "GROMACS/2024.4-foss-2023b", "exact", 5),
    ("lammps kokkos", "LAMMPS/22Jul2025_update4-foss-2025b-kokkos", "inside", 5),
    ("lamps", "LAMMPS/22Jul2025_update4-foss-2025b-kokkos", "typo", 5),
    ("qe", "QuantumESPRESSO/7.5-foss-2025b", "alias", 3),
    ("espresso", "ESPResSo/5.0.1-foss-2025a", "exact", None),
    ("netcdf4", "netcdf4-python/1.7.2-foss-2025a", "alias", None),
    ("blas", "FlexiBLAS/3.4.5-GCC-14.3.0", "alias", None),
    ("lapack", "FlexiBLAS/3.4.5-GCC-14.3.0", "exact", None),
    ("mpi", "OpenMPI/5.0.8-GCC-14.3.0", "alias", None),
    ("fftw", "FFTW/3.3.10-GCC-14.3.0", "exact", None),
    ("gcc 13", "GCC/13.3.0", "exact", None),
    ("keras", "TensorFlow/2.13.0-foss-2023a", "exact", 1),
    ("octave kernel", "octave-kernel/1.1.0-foss-2025b", "exact", None),
]


@pytest.mark.parametrize(("text", "first", "how", "total"), GOLDENS, ids=[golden[0] for golden in GOLDENS])
def test_what_people_type_finds_what_they_mean(text: str, first: str, how: str, total: int | None) -> None:
    result = search(BUNDLED, text)
    assert (result.hits[0].module.full_name, result.hits[0].how) == (first, how)
    assert total is None or result.total == total


def test_a_description_is_searched_where_there_is_one(real: Catalogue) -> None:
    names = {hit.module.module.name for hit in search(real, "molecular dynamics").hits}
    assert {"GROMACS", "LAMMPS", "ESPResSo"} <= names
    assert search(real, "molecular dynamics").hits[0].how == "prose"


def test_a_hit_says_where_it_is_and_what_matched() -> None:
    hit = search(BUNDLED, "numpy 1.24").hits[0].to_json()
    assert hit["module"] == "SciPy-bundle/2023.02-gfbf-2022b"
    assert (hit["name"], hit["version"], hit["release"]) == ("SciPy-bundle", "2023.02-gfbf-2022b", "2023.06")
    assert hit["extensions_matched"] == [{"kind": "python", "name": "numpy", "version": "1.24.2"}]
    assert "x86_64/amd/zen3" in hit["targets"]
    assert "x86_64/amd/zen4" not in hit["targets"]
    json.dumps(hit)


def test_a_module_of_two_releases_is_a_hit_in_each_and_each_names_both() -> None:
    hits = search(BUNDLED, "EasyBuild 5.4.0").hits
    assert [hit.module.release for hit in hits] == ["2025.06", "2023.06"]
    assert {hit.releases for hit in hits} == {("2025.06", "2023.06")}


@pytest.mark.parametrize(
    ("filters", "modules"),
    [
        (Filters(releases=("2023.06",)), {"2023.11-gfbf-2023b", "2023.07-gfbf-2023a", "2023.02-gfbf-2022b"}),
        (Filters(generations=("2025a",)), {"2025.06-gfbf-2025a"}),
        (
            Filters(releases=("2023.06",), targets=(CpuTarget("x86_64/amd/zen4"),)),
            {"2023.11-gfbf-2023b", "2023.07-gfbf-2023a"},
        ),
        (Filters(targets=(CpuTarget("riscv64/generic"),)), set()),
        (Filters(language="r"), set()),
        (Filters(releases=("2023.06",), generations=("2023a",), language="Python"), {"2023.07-gfbf-2023a"}),
    ],
)
def test_filters_narrow(filters: Filters, modules: set[str]) -> None:
    hits = search(BUNDLED, "scipy-bundle", filters).hits
    assert {hit.module.module.version for hit in hits} == modules


def test_an_accelerator_leaves_what_was_built_for_it() -> None:
    hits = search(BUNDLED, "gromacs", Filters(accelerator="nvidia/cc80")).hits
    assert hits
    assert all("CUDA" in hit.module.module.version for hit in hits)


def test_a_version_that_nothing_has_is_left_out_and_said() -> None:
    result = search(BUNDLED, "pytorch 7.0")
    assert result.hits[0].module.module.name == "PyTorch"
    assert result.ignored == ("7.0",)


def test_a_word_that_nothing_answers_is_left_out_and_said() -> None:
    result = search(BUNDLED, "numpy qqqqqq")
    assert result.hits[0].module.module.name == "SciPy-bundle"
    assert result.ignored == ("qqqqqq",)


def test_a_language_narrows_what_the_other_words_find() -> None:
    assert {hit.module.module.name for hit in search(BUNDLED, "r ggplot2").hits} == {"R", "R-bundle-CRAN"}


def test_two_packages_that_no_module_has_both_of_are_found_each() -> None:
    names = {hit.module.module.name for hit in search(BUNDLED, "numpy matplotlib").hits}
    assert {"SciPy-bundle", "matplotlib"} <= names


def test_the_best_match_among_packages_is_the_first_that_is_named() -> None:
    assert search(BUNDLED, "spatial").hits[0].extensions_matched[0].name == "spatial"
    assert "json" in search(BUNDLED, "perl json").hits[0].extensions_matched[0].name.lower()


@pytest.mark.parametrize("text", ["c", "b", "qqqqqqqq gpppu"])
def test_letters_and_noise_find_no_module(text: str) -> None:
    assert search(BUNDLED, text).hits == ()


@pytest.mark.parametrize("text", ["", "   ", ",,,", "qqqqqqqq", "\x00", "x" * 10_000, "\ud800"])
def test_what_finds_nothing_finds_nothing(text: str) -> None:
    assert search(BUNDLED, text).total == 0


def test_a_limit_cuts_the_hits_and_not_the_count() -> None:
    result = search(BUNDLED, "py", limit=5)
    assert len(result.hits) == 5
    assert result.total > 200
    assert result.hits == search(BUNDLED, "py").hits[:5]


@given(text=st.text(max_size=30))
def test_any_text_is_searched_without_an_error(text: str) -> None:
    result = search(BUNDLED, text, limit=3)
    assert all(0 < hit.score <= 100 for hit in result.hits)


@given(name=st.sampled_from(BUNDLED.columns.software))
def test_every_software_is_found_by_its_own_name(name: str) -> None:
    assert name in {hit.module.module.name for hit in search(BUNDLED, name).hits}


@given(name=st.sampled_from(BUNDLED.columns.extensions))
def test_every_extension_is_found_by_its_own_name(name: str) -> None:
    hits = search(BUNDLED, name).hits
    assert any(extension.name == name for hit in hits for extension in hit.extensions_matched)


@given(
    name=st.sampled_from([n for n in BUNDLED.columns.software if len(n) > 6 and n.isalpha()]), place=st.integers(1, 4)
)
def test_a_name_with_two_letters_swapped_is_still_found(name: str, place: int) -> None:
    swapped = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    assert name in {hit.module.module.name for hit in search(BUNDLED, swapped).hits}


@pytest.mark.parametrize(
    ("version", "start", "is_start"),
    [("3.13.1", "3.13", True), ("3.13.1", "3.1", False), ("2025b", "2025", True), ("1.0", "1.0.1", False)],
)
def test_a_version_begins_with_another_number_by_number(version: str, start: str, *, is_start: bool) -> None:
    assert starts_version(version, start) is is_start
