"""A mounted tree without a published catalogue is asked like one with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eessi_spawner.errors import MountAbsentError, MountError, MountHangingError, NotAnEESSIStackError
from eessi_spawner.stack.catalogue import tree
from eessi_spawner.stack.catalogue.complete import complete
from eessi_spawner.stack.catalogue.entry import Extension
from eessi_spawner.stack.catalogue.search import search
from eessi_spawner.stack.catalogue.together import can_load_together
from eessi_spawner.stack.catalogue.tree import ask_tree, read_tree
from tests.unit.stack.catalogue.test_module_file import WRITTEN

NEWEST = "x86_64/amd/zen4"


def write_module(root: Path, place: str, module: str, text: str = "", version: str = "2025.06") -> None:
    file = root / "versions" / version / "software/linux" / place / "modules/all" / f"{module}.lua"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    scipy = "SciPy-bundle/2025.07-gfbf-2025b"
    for target in ("x86_64/generic", NEWEST):
        write_module(tmp_path, target, scipy, WRITTEN)
    python = "Python/3.13.5-GCCcore-14.3.0"
    write_module(tmp_path, NEWEST, python, 'depends_on("GCCcore/14.3.0")')
    write_module(tmp_path, NEWEST, "jupyter-server/2.17.0-GCCcore-14.3.0", f'depends_on("{python}")')
    write_module(tmp_path, f"{NEWEST}/accel/nvidia/cc80", "GROMACS/2026.2-foss-2025b-CUDA-12.9.1")
    write_module(tmp_path, NEWEST, "SciPy-bundle/2023.02-gfbf-2022b", version="2023.06")
    write_module(tmp_path, "x86_64/generic", "bad name/1")
    write_module(tmp_path, NEWEST, ".hidden/1")
    return tmp_path


def test_modules_targets_and_extensions_are_found(root: Path) -> None:
    catalogue = read_tree(str(root))
    module = catalogue.module(catalogue.find("SciPy-bundle/2025.07-gfbf-2025b")[0])
    assert (module.release, module.generation, module.toolchain) == ("2025.06", "2025b", "gfbf-2025b")
    assert module.targets == (NEWEST, "x86_64/generic")
    assert module.extensions[1] == Extension("python", "numpy", "2.3.2")
    assert module.required == ("gfbf/2025b", "GCCcore/14.3.0", "Python/3.13.5-GCCcore-14.3.0")
    assert module.description == "Bundle of Python packages"


def test_accelerators_are_found(root: Path) -> None:
    catalogue = read_tree(str(root))
    module = catalogue.module(catalogue.find("GROMACS/2026.2-foss-2025b-CUDA-12.9.1")[0])
    assert module.accelerators == {NEWEST: ("nvidia/cc80",)}


def test_what_is_no_module_is_a_warning_and_untruths_are_out(root: Path) -> None:
    catalogue = read_tree(str(root))
    assert len(catalogue.warnings) == 1
    assert "bad name/1" in catalogue.warnings[0]
    assert catalogue.targets(catalogue.find("SciPy-bundle/2023.02-gfbf-2022b")[0]) == ()


def test_it_answers_all_that_the_catalogue_answers(root: Path) -> None:
    catalogue = ask_tree(str(root))
    assert search(catalogue, "numpy 2.3").hits[0].module.full_name == "SciPy-bundle/2025.07-gfbf-2025b"
    answer = complete(catalogue, ["numpy"])
    assert answer.complete
    assert answer.targets == (NEWEST,)
    assert can_load_together(catalogue, answer.modules).can


def test_modules_that_load_each_other_end(tmp_path: Path) -> None:
    write_module(tmp_path, NEWEST, "A/1", 'depends_on("B/1")')
    write_module(tmp_path, NEWEST, "B/1", 'depends_on("A/1")')
    catalogue = read_tree(str(tmp_path))
    assert catalogue.module(catalogue.find("A/1")[0]).required == ("B/1",)


def test_a_tree_that_is_not_there_or_something_else_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(MountAbsentError):
        ask_tree(str(tmp_path / "none"))
    with pytest.raises(NotAnEESSIStackError, match="no directory 'versions'"):
        ask_tree(str(tmp_path))
    (tmp_path / "versions/2025.06").mkdir(parents=True)
    with pytest.raises(NotAnEESSIStackError, match="holds no modules"):
        ask_tree(str(tmp_path))


def test_a_tree_that_hangs_does_not_hang_us(root: Path) -> None:
    # Opening a FIFO waits for its writer.
    file = root / "versions/2025.06/software/linux" / NEWEST / "modules/all/Hangs/1.lua"
    file.parent.mkdir()
    os.mkfifo(file)
    with pytest.raises(MountHangingError):
        ask_tree(str(root), seconds=2)


def test_a_tree_that_breaks_is_a_dead_mount(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> str:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(tree, "_read", broken)
    with pytest.raises(MountError, match="has died"):
        read_tree(str(root))
