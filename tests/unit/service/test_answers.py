"""What the API answers of the catalogue."""

from __future__ import annotations

import json

import pytest

from eessi_spawner.errors import UnknownModuleError
from eessi_spawner.service import answers
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

CATALOGUE = bundled_catalogue()


def test_releases_stand_newest_first_with_what_they_have() -> None:
    items = answers.releases(CATALOGUE, {})["items"]
    assert [item["release"] for item in items] == ["2025.06", "2023.06"]
    assert items[0]["generations"] == ["2025b", "2025a", "2024a"]
    assert sum(item["modules"] for item in items) == len(CATALOGUE)


def test_a_target_says_whose_builds_each_release_has_for_it() -> None:
    items = {item["target"]: item for item in answers.targets(CATALOGUE, {})["items"]}
    assert items["x86_64/amd/zen5"]["directories"] == {"2025.06": "x86_64/amd/zen5", "2023.06": "x86_64/amd/zen4"}
    assert items["x86_64/amd/zen5"]["fallbacks"][0] == "x86_64/amd/zen4"


def test_pages_of_software_make_the_whole_list_each_name_once() -> None:
    names: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = answers.modules(CATALOGUE, {"offset": [str(offset)], "limit": ["200"]})
        names += [item["name"] for item in page["items"]]
        offset = page["next_offset"]
    assert sorted(names) == sorted(CATALOGUE.columns.software)
    assert len(names) == page["total"]


def test_pages_of_hits_make_the_whole_answer_in_its_order() -> None:
    whole = answers.found(CATALOGUE, {"q": ["py"], "limit": ["200"]})
    parts = [
        answers.found(CATALOGUE, {"q": ["py"], "limit": ["50"], "offset": [str(offset)]})["items"]
        for offset in range(0, 200, 50)
    ]
    assert [item for part in parts for item in part] == whole["items"]


def test_an_offset_behind_the_end_is_an_empty_page() -> None:
    answer = answers.found(CATALOGUE, {"q": ["numpy"], "offset": ["1000"]})
    assert answer["items"] == []
    assert answer["next_offset"] is None
    assert answer["total"] > 0


def test_words_that_nothing_answers_are_told() -> None:
    assert answers.found(CATALOGUE, {"q": ["pytorch 9.9"]})["ignored"] == ["9.9"]


def test_a_software_lists_its_versions_newest_first() -> None:
    versions = answers.module(CATALOGUE, {}, "SciPy-bundle")["versions"]
    assert versions[0]["module"] == "SciPy-bundle/2025.07-gfbf-2025b"
    assert versions[-1]["generation"] == "2022b"


def test_a_module_says_in_each_release_what_it_carries_and_loads() -> None:
    catalogue = small_catalogue(
        version_entry("bundle/1.0", "2023.06", required=["zlib/1"]),
        version_entry("bundle/1.0", "2025.06", extensions=[("python", "numpy", "2.0")]),
    )
    newer, older = answers.version(catalogue, {}, "bundle", "1.0")["releases"]
    assert newer["extensions"] == [{"kind": "python", "name": "numpy", "version": "2.0"}]
    assert "zlib/1" in older["required"]


@pytest.mark.parametrize("name", ["nope", "scipy-bundle", "", "x" * 5000])
def test_a_software_that_there_is_not_is_unknown(name: str) -> None:
    with pytest.raises(UnknownModuleError) as caught:
        answers.module(CATALOGUE, {}, name)
    assert len(caught.value.message) < 200


def test_all_answers_are_plain_json() -> None:
    for answer in (answers.releases, answers.targets, answers.modules):
        json.dumps(answer(CATALOGUE, {}))
