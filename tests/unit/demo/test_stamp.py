"""What decides whether a sample is the one wanted, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.demo.sample.closures import GENERATIONS, select_generations
from eessi_spawner.demo.sample.content import Versions
from eessi_spawner.demo.sample.stamp import describe_sample, is_complete, make_key, write_stamp

ZEN3 = {"2023.06": "x86_64/amd/zen3", "2025.06": "x86_64/amd/zen3"}


def key(**changes: Any) -> str:
    parts: dict[str, Any] = {
        "cpu_targets": ZEN3,
        "generations": GENERATIONS,
        "easybuild": "5.4.1",
        "lmod": Path("/lmod"),
    }
    return make_key(**(parts | changes))


def test_the_key_does_not_depend_on_the_order_of_releases() -> None:
    assert key(cpu_targets=dict(reversed(ZEN3.items()))) == key()


@pytest.mark.parametrize(
    "change",
    [
        {"cpu_targets": ZEN3 | {"2025.06": "x86_64/generic"}},
        {"generations": GENERATIONS[:2]},
        {"easybuild": "5.4.2"},
        {"lmod": Path("/other")},
    ],
)
def test_each_part_changes_the_key(change: dict[str, Any]) -> None:
    assert key(**change) != key()


def test_a_stamp_says_what_is_true_and_what_modules_are_named_after(tmp_path: Path) -> None:
    versions = {
        generation.name: Versions(numpy="2.5.0", ipykernel="7.0.0", ipython="9.0.0") for generation in GENERATIONS
    }
    sample = describe_sample(tmp_path, GENERATIONS, versions)
    assert sample["format"] == 1
    said = sample["generations"]["2025b"]
    assert (said["release"], said["numpy"], said["numpy_of_module"]) == ("2025.06", "2.5.0", "2.3.2")
    assert (said["ipykernel"], said["ipykernel_of_module"]) == ("7.0.0", "6.30.1")
    assert said["python_of_module"] == "3.13.5"
    assert said["python"] == sample["interpreter"]


def test_a_tree_is_whole_only_with_its_stamp(tmp_path: Path) -> None:
    assert not is_complete(tmp_path)
    write_stamp(tmp_path, describe_sample(tmp_path, (), {}))
    assert is_complete(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["SAMPLE.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0, "root": "@"}', '{"format": 1, "root": "/moved"}'])
def test_a_stamp_of_another_format_or_place_does_not_count(tmp_path: Path, text: str) -> None:
    (tmp_path / "SAMPLE.json").write_text(text.replace("@", str(tmp_path)))
    assert not is_complete(tmp_path)


def test_modules_are_named_as_in_eessi() -> None:
    newest = GENERATIONS[-1]
    assert newest.easyconfigs == (
        "jupyter-server-2.17.0-GCCcore-14.3.0.eb",
        "SciPy-bundle-2025.07-gfbf-2025b.eb",
    )
    assert newest.python_module == "Python/3.13.5-GCCcore-14.3.0"
    assert newest.python_series == "3.13"


def test_only_generations_of_wanted_releases_are_selected() -> None:
    assert [generation.name for generation in select_generations(["2025.06"])] == ["2024a", "2025b"]
    assert select_generations(["2026.06"]) == ()
