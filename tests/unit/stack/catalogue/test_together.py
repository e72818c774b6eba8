"""What can be loaded together, and what is nearest where it cannot."""

from __future__ import annotations

import itertools

import pytest

from eessi_spawner.errors import UnknownModuleError
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.together import can_load_together
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

SCIPY, PLOT = "SciPy-bundle/2025.07-gfbf-2025b", "matplotlib/3.10.5-gfbf-2025b"
OLD_SCIPY, OLD_PLOT = "SciPy-bundle/2023.07-gfbf-2023a", "matplotlib/3.7.2-gfbf-2023a"


def test_modules_of_one_generation_can_on_all_their_targets(bundled: Catalogue) -> None:
    answer = can_load_together(bundled, [SCIPY, PLOT])
    assert answer.can
    assert (answer.release, answer.modules, len(answer.targets)) == ("2025.06", (SCIPY, PLOT), 15)


def test_modules_without_toolchain_go_with_any_generation_of_their_release(bundled: Catalogue) -> None:
    for module in (SCIPY, OLD_SCIPY):
        assert can_load_together(bundled, ["EasyBuild/5.4.0", module]).can


def test_two_generations_of_a_release_cannot_and_the_nearest_set_is_of_one(bundled: Catalogue) -> None:
    answer = can_load_together(bundled, [SCIPY, "matplotlib/3.10.3-gfbf-2025a"])
    assert not answer.can
    assert answer.reasons == (
        "toolchain generations cannot be mixed: matplotlib/3.10.3-gfbf-2025a is of 2025a;"
        " SciPy-bundle/2025.07-gfbf-2025b is of 2025b",
    )
    assert answer.modules == (SCIPY, PLOT)


def test_another_release_cannot_and_the_nearest_set_keeps_most(bundled: Catalogue) -> None:
    answer = can_load_together(bundled, [OLD_SCIPY, "TensorFlow/2.13.0-foss-2023a", PLOT])
    assert answer.reasons == (f"{PLOT} is not in EESSI 2023.06, only in 2025.06",)
    assert answer.modules == (OLD_SCIPY, "TensorFlow/2.13.0-foss-2023a", OLD_PLOT)
    assert (answer.release, answer.lost) == ("2023.06", ())


def test_two_versions_of_a_name_cannot_and_one_stays(bundled: Catalogue) -> None:
    names = ["Python/3.10.8-GCCcore-12.2.0", "Python/2.7.18-GCCcore-12.2.0-bare"]
    answer = can_load_together(bundled, names)
    assert "only one version of Python can be loaded" in answer.reasons[0]
    assert answer.modules == ("Python/3.10.8-GCCcore-12.2.0",)


def test_two_versions_of_what_they_require_cannot_either() -> None:
    catalogue = small_catalogue(
        version_entry("A/1-foss-2025b", required=["Lib/1-GCCcore-14.3.0"]),
        version_entry("B/1-foss-2025b", required=["Lib/2-GCCcore-14.3.0"]),
    )
    answer = can_load_together(catalogue, ["A/1-foss-2025b", "B/1-foss-2025b"])
    assert answer.reasons == (
        "only one version of Lib can be loaded: Lib/1-GCCcore-14.3.0 (of A/1-foss-2025b) and"
        " Lib/2-GCCcore-14.3.0 (of B/1-foss-2025b) were found",
    )


def test_the_genuine_load_orders_of_one_generation_agree(excerpt: Catalogue) -> None:
    names = ["hatchling/1.18.0-GCCcore-12.3.0", "PMIx/4.2.4-GCCcore-12.3.0", "Salmon/1.10.3-GCC-12.3.0"]
    assert can_load_together(excerpt, names).can


def test_what_a_machine_cannot_load_is_a_reason(bundled: Catalogue) -> None:
    answer = can_load_together(
        bundled, ["SciPy-bundle/2023.02-gfbf-2022b"], targets=[CpuTarget("x86_64/amd/zen4")], release="2023.06"
    )
    assert answer.reasons == ("SciPy-bundle/2023.02-gfbf-2022b cannot be loaded on x86_64/amd/zen4",)
    assert answer.modules == ("SciPy-bundle/2023.11-gfbf-2023b",)


def test_a_machine_that_gets_an_older_ones_directory_is_told_so(bundled: Catalogue) -> None:
    answer = can_load_together(bundled, ["SciPy-bundle/2023.02-gfbf-2022b"], targets=[CpuTarget("x86_64/amd/zen5")])
    assert answer.reasons == (
        "SciPy-bundle/2023.02-gfbf-2022b cannot be loaded on x86_64/amd/zen5, whose directory in EESSI 2023.06 is"
        " x86_64/amd/zen4",
    )
    assert answer.modules == (SCIPY,)


def test_the_nearest_set_leaves_out_what_would_bring_another_version_of_a_library() -> None:
    catalogue = small_catalogue(
        version_entry("A/1-foss-2025b", required=["Lib/1-GCCcore-14.3.0"]),
        version_entry("B/1-foss-2025b", required=["Lib/2-GCCcore-14.3.0"]),
    )
    answer = can_load_together(catalogue, ["A/1-foss-2025b", "B/1-foss-2025b"])
    assert (answer.modules, answer.lost) == (("A/1-foss-2025b",), ("B/1-foss-2025b",))


def test_the_nearest_set_loads_on_some_machine() -> None:
    catalogue = small_catalogue(
        version_entry("A/1-foss-2025b", targets=["x86_64/generic"]),
        version_entry("B/1-foss-2025b", targets=["aarch64/generic"]),
        version_entry("A/0-foss-2025a"),
        version_entry("B/0-foss-2025a"),
    )
    answer = can_load_together(catalogue, ["A/1-foss-2025b", "B/1-foss-2025b"])
    assert answer.reasons == ("no CPU target has all of them",)
    assert (answer.modules, len(answer.targets)) == (("A/0-foss-2025a", "B/0-foss-2025a"), 3)


def test_what_has_no_counterpart_is_named_as_lost(bundled: Catalogue) -> None:
    answer = can_load_together(bundled, [SCIPY, PLOT, "TensorFlow/2.13.0-foss-2023a"], release="2025.06")
    assert answer.modules == (SCIPY, PLOT)
    assert answer.lost == ("TensorFlow/2.13.0-foss-2023a",)


def test_a_module_of_no_release_is_an_error(bundled: Catalogue) -> None:
    with pytest.raises(UnknownModuleError):
        can_load_together(bundled, [SCIPY, "NoSuch/1"])


def test_every_nearest_set_can_be_loaded_together(bundled: Catalogue) -> None:
    names = [bundled.columns.full_name(row) for row in range(0, len(bundled), 97)]
    for first, second in itertools.pairwise(names):
        answer = can_load_together(bundled, [first, second])
        assert can_load_together(bundled, answer.modules, release=answer.release).can
