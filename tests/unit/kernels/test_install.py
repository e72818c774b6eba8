"""Specs on disk: Jupyter finds them, stale ones go, others stay, and no reader meets half of one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.kernels.specs import KernelSpec, make_spec
from eessi_spawner.stack.environments import make_environment

MODULES = {"2025b": "SciPy-bundle/2025.07-gfbf-2025b", "2025a": "SciPy-bundle/2025.06-gfbf-2025a"}


def make(generation: str, title: str = "SciPy ☃") -> KernelSpec:
    data = {"name": "x", "title": title, "release": "2025.06", "modules": [MODULES[generation]]}
    return make_spec(make_environment(data), KernelSettings(), None)


NEW, OLD = make("2025b"), make("2025a")


def names(directory: Path) -> set[str]:
    return {place.name for place in directory.iterdir()}


def test_jupyter_finds_what_was_written(tmp_path: Path) -> None:
    (place,) = write_specs(tmp_path / "share" / "kernels", [NEW])
    found = KernelSpecManager(kernel_dirs=[str(tmp_path / "share" / "kernels")], ensure_native_kernel=False)
    assert found.find_kernel_specs() == {NEW.name: str(place)}
    spec = found.get_kernel_spec(NEW.name)
    assert spec.display_name == "SciPy ☃ · EESSI 2025.06"
    assert spec.argv[:2] == [sys.executable, "-IS"]
    assert (place / "logo-svg.svg").read_text(encoding="utf-8").lstrip().startswith("<")
    assert Recipe.from_json(json.loads(Path(spec.argv[3]).read_text(encoding="utf-8"))) == NEW.recipe


def test_the_recipe_is_named_by_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (place,) = write_specs(Path("kernels"), [NEW])
    kernel = json.loads((place / "kernel.json").read_text(encoding="utf-8"))
    assert kernel["argv"][3] == str(tmp_path / "kernels" / NEW.name / "recipe.json")


def test_others_may_read_what_was_written(tmp_path: Path) -> None:
    os.umask(before := os.umask(0o022))
    if before & 0o055:
        pytest.fail("The tests were started with an umask that hides files from others.")
    (place,) = write_specs(tmp_path, [NEW])
    assert place.stat().st_mode & 0o777 == 0o755
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o644}


def test_specs_that_are_no_longer_wanted_go(tmp_path: Path) -> None:
    write_specs(tmp_path, [NEW, OLD])
    write_specs(tmp_path, [NEW])
    assert names(tmp_path) == {NEW.name}
    write_specs(tmp_path, [])
    assert names(tmp_path) == set()


def test_kernels_of_others_stay_whatever_they_are_called(tmp_path: Path) -> None:
    for other in ("python3", "ir", "eessi-handmade", "eessi-0123456789ab"):
        (tmp_path / other).mkdir()
        (tmp_path / other / "kernel.json").write_text("{}")
    (tmp_path / "eessi-notes.txt").touch()
    before = names(tmp_path)
    write_specs(tmp_path, [NEW])
    write_specs(tmp_path, [])
    assert names(tmp_path) == before


def test_a_link_to_a_spec_elsewhere_stays_and_so_does_what_it_leads_to(tmp_path: Path) -> None:
    (place,) = write_specs(tmp_path / "elsewhere", [OLD])
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / OLD.name).symlink_to(place)
    write_specs(tmp_path / "kernels", [NEW])
    assert (place / "recipe.json").exists()


def test_writing_again_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_specs(tmp_path, [make("2025b", "First")])
    (place,) = write_specs(tmp_path, [make("2025b", "Second")])
    assert json.loads((place / "kernel.json").read_text(encoding="utf-8"))["display_name"].startswith("Second")
    assert names(tmp_path) == {NEW.name}


def test_a_reader_never_meets_half_of_a_spec(tmp_path: Path) -> None:
    write_specs(tmp_path, [NEW])
    stop = threading.Event()
    writer = threading.Thread(target=lambda: [write_specs(tmp_path, [NEW]) for _ in iter(stop.is_set, True)])
    writer.start()
    manager = KernelSpecManager(kernel_dirs=[str(tmp_path)], ensure_native_kernel=False)
    read = 0
    try:
        while read < 500:
            # While one replaces the other there may be none; jupyter_client says so, or finds no file.
            with contextlib.suppress(NoSuchKernel, FileNotFoundError):
                assert manager.get_kernel_spec(NEW.name).argv[-1] == "{connection_file}"
                read += 1
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("place", ["file", "file/kernels", "/proc/kernels"])
def test_what_cannot_be_written_is_a_file_system_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"File exists|Not a directory|No such file"):
        write_specs(tmp_path / place, [NEW])


def test_a_failure_midway_leaves_the_spec_before_it(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        if "CI" in os.environ:
            pytest.fail("In CI tests run as root: this one fills a disk of its own.")
        pytest.skip("only root can fill a disk of its own")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "eessi-test", tmp_path], check=True)
    try:
        (place,) = write_specs(tmp_path, [NEW])
        with contextlib.suppress(OSError), (tmp_path / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        with pytest.raises(OSError, match="No space left"):
            write_specs(tmp_path, [make("2025b", "Second")])
        assert json.loads((place / "kernel.json").read_text(encoding="utf-8"))["display_name"].startswith("SciPy")
        assert names(tmp_path) == {NEW.name, "filler"}
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_what_is_as_it_should_be_is_not_touched(tmp_path: Path) -> None:
    (first,) = write_specs(tmp_path, [NEW])
    before = (first / "kernel.json").stat()
    write_specs(tmp_path, [NEW, OLD])
    assert (first / "kernel.json").stat() == before
    write_specs(tmp_path, [make("2025b", title="Another")])
    assert "Another" in (first / "kernel.json").read_text(encoding="utf-8")
