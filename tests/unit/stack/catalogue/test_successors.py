"""What a module becomes in a newer generation."""

from __future__ import annotations

from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.successors import find_successors
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.stack.catalogue.published import small_catalogue, version_entry


def test_a_module_of_the_same_name_succeeds_in_each_newer_generation(bundled: Catalogue) -> None:
    found = find_successors(bundled, "SciPy-bundle/2023.07-gfbf-2023a")
    assert [(one.generation, one.module) for one in found] == [
        ("2023b", "SciPy-bundle/2023.11-gfbf-2023b"),
        ("2024a", "SciPy-bundle/2024.05-gfbf-2024a"),
        ("2025a", "SciPy-bundle/2025.06-gfbf-2025a"),
        ("2025b", "SciPy-bundle/2025.07-gfbf-2025b"),
    ]
    assert {one.by for one in found} == {"name"}


def test_extensions_that_moved_are_named_with_their_new_module_and_the_rest_is_lost(bundled: Catalogue) -> None:
    newest = find_successors(bundled, "R/4.2.2-foss-2022b")[-1]
    assert newest.module == "R/4.5.2-gfbf-2025b"
    assert newest.moved["ggplot2"] == "R-bundle-CRAN/2025.11-foss-2025b"
    extensions = bundled.module(bundled.find("R/4.2.2-foss-2022b")[0]).extensions
    assert newest.kept + len(newest.moved) + len(newest.lost) == len(extensions)
    assert newest.lost


def test_where_the_name_is_gone_the_module_with_its_extensions_succeeds() -> None:
    extensions = [("python", name, "1") for name in ("a", "b", "c")]
    catalogue = small_catalogue(
        version_entry("Old/1-foss-2023a", "2023.06", extensions=extensions),
        version_entry("New/1-foss-2025b", extensions=extensions[:2]),
        version_entry("c/1-foss-2025b"),
    )
    (found,) = find_successors(catalogue, "Old/1-foss-2023a")
    assert (found.module, found.by, found.kept) == ("New/1-foss-2025b", "extensions", 2)
    assert (found.moved, found.lost) == ({"c": "c/1-foss-2025b"}, ())


def test_a_module_of_which_only_libraries_are_left_has_no_successor(bundled: Catalogue) -> None:
    """Once these were followed by Python-bundle-PyPI and astropy-testing, which share a small library with them."""
    for module in ("NLTK/3.8.1-foss-2023b", "ASE/3.22.1-gfbf-2023a", "LRBinner/0.1-foss-2023a"):
        newer = find_successors(bundled, module)
        assert newer
        assert {one.by for one in newer} <= {"", "name"}


def test_a_package_that_is_inside_another_module_now_is_succeeded_by_that() -> None:
    extensions = [("python", name, "1") for name in ("httpx", "anyio", "sniffio", "h11")]
    catalogue = small_catalogue(
        version_entry("HTTPX/0.28.1-GCCcore-14.2.0", extensions=extensions),
        version_entry("JupyterLab/4.4.9-GCCcore-14.3.0", extensions=[*extensions[:1], ("python", "other", "1")]),
        version_entry("Web-bundle/1-GCCcore-14.3.0", extensions=extensions[1:]),
    )
    (found,) = find_successors(catalogue, "HTTPX/0.28.1-GCCcore-14.2.0")
    assert (found.module, found.by) == ("JupyterLab/4.4.9-GCCcore-14.3.0", "extensions")
    assert set(found.moved) == {"anyio", "sniffio", "h11"}


def test_what_has_no_successor_says_so_and_where_its_parts_went(bundled: Catalogue) -> None:
    found = find_successors(bundled, "TensorFlow/2.13.0-foss-2023a")[-1]
    assert (found.module, found.by) == ("", "")
    assert "TensorFlow" in found.lost


def test_a_gpu_build_is_succeeded_by_a_gpu_build() -> None:
    gpus = {"x86_64/generic": ["nvidia/cc80"]}
    catalogue = small_catalogue(
        version_entry("A/1-foss-2023a-CUDA-12.1.1", "2023.06", gpu_arch=gpus),
        version_entry("A/2-foss-2025b"),
        version_entry("A/2-foss-2025b-CUDA-12.9.1", gpu_arch=gpus),
    )
    assert find_successors(catalogue, "A/1-foss-2023a-CUDA-12.1.1")[0].module == "A/2-foss-2025b-CUDA-12.9.1"


def test_a_module_without_toolchain_is_succeeded_in_a_newer_release(bundled: Catalogue) -> None:
    (found,) = find_successors(bundled, "EasyBuild/5.0.0")
    assert (found.release, found.module) == ("2025.06", "EasyBuild/5.4.0")


def test_a_successor_loads_on_the_machines_that_are_asked_for() -> None:
    catalogue = small_catalogue(
        version_entry("A/1-foss-2023a", "2023.06"),
        version_entry("A/2-foss-2025a", targets=["x86_64/generic"]),
        version_entry("A/3-foss-2025b"),
    )
    found = find_successors(catalogue, "A/1-foss-2023a", targets=[CpuTarget("x86_64/amd/zen4")])
    assert [(one.generation, one.module) for one in found] == [("2025a", ""), ("2025b", "A/3-foss-2025b")]


def test_the_newest_has_no_successor(bundled: Catalogue) -> None:
    assert find_successors(bundled, "SciPy-bundle/2025.07-gfbf-2025b") == []


def test_a_package_whose_name_is_only_written_differently_is_kept() -> None:
    catalogue = small_catalogue(
        version_entry("plots/1-foss-2024a", extensions=[("python", "Cycler", "0.11")]),
        version_entry("plots/2-foss-2025b", extensions=[("python", "cycler", "0.12")]),
    )
    [*_, nearest] = find_successors(catalogue, "plots/1-foss-2024a")
    assert (nearest.module, nearest.kept, nearest.lost) == ("plots/2-foss-2025b", 1, ())
