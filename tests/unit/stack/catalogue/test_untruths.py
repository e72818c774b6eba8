"""What the catalogue says and is not so does not come through."""

from __future__ import annotations

from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.untruths import KNOWN_UNTRUTHS
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

ZEN4 = "x86_64/amd/zen4"


def test_no_module_of_2022b_is_for_zen4_though_the_published_file_lists_it(
    bundled: Catalogue, real_content: bytes
) -> None:
    modules = [module for module in bundled if module.generation == "2022b"]
    assert len(modules) == 248
    assert not [module for module in modules if ZEN4 in module.targets]
    assert b"GCCcore-12.2.0" in real_content


def test_other_generations_keep_the_target(bundled: Catalogue) -> None:
    assert ZEN4 in bundled.module(bundled.find("SciPy-bundle/2023.07-gfbf-2023a")[0]).targets


def test_the_same_generation_of_another_release_keeps_it() -> None:
    catalogue = small_catalogue(version_entry("A/1-foss-2022b", "2026.06"), version_entry("B/1-foss-2022b", "2023.06"))
    assert [ZEN4 in catalogue.targets(row) for row in (0, 1)] == [True, False]


def test_every_untruth_has_its_source() -> None:
    assert all("EESSI" in untruth.source and untruth.reason for untruth in KNOWN_UNTRUTHS)


def test_letters_of_a_name_are_no_package(real: Catalogue, real_content: bytes) -> None:
    packages = [(one.name, one.version) for one in real.module(real.find("R/4.5.2-gfbf-2025b")[0]).extensions]
    assert ("brew", "1.0-10") in packages
    assert ("s", "t") not in packages
    assert b'"name":"s","version":"t"' in real_content
