"""What is read of a tree, on small trees: releases, the builds for a CPU, and wanted modules."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import (
    MountAbsentError,
    MountDeadError,
    MountError,
    NotAnEESSIStackError,
    error_from_json,
)
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mounted import (
    ReleaseReading,
    StackReading,
    main,
    mount_error,
    read_stack,
)

if TYPE_CHECKING:
    from pathlib import Path

ZEN4 = CpuTarget("x86_64/amd/zen4").fallback_chain
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
SCIENCE = "SciPy-bundle/2025.07-gfbf-2025b"


def add_build(root: Path, version: str, target: str, *modules: str) -> Path:
    """Add what EESSI has of a release for one target, and the module that makes the release visible."""
    build = root / "versions" / version / "software" / "linux" / target
    (build / "software").mkdir(parents=True)
    for module in modules:
        file = build / "modules" / "all" / f"{module}.lua"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    eessi_module = root / "init" / "modules" / "EESSI" / f"{version}.lua"
    eessi_module.parent.mkdir(parents=True, exist_ok=True)
    eessi_module.touch()
    return build


def releases_of(root: Path, **wanted: tuple[str, ...]) -> dict[str, str]:
    return {release.version: release.target for release in read_stack(str(root), ZEN4, wanted).releases}


@pytest.mark.parametrize(
    ("built", "target"),
    [
        ("generic amd/zen2 amd/zen3 amd/zen4 amd/zen5 intel/haswell", "x86_64/amd/zen4"),
        ("generic amd/zen2 amd/zen5 intel/haswell", "x86_64/amd/zen2"),
        ("generic amd/zen5 intel/haswell", "x86_64/generic"),
    ],
)
def test_the_first_target_of_the_chain_that_is_built_is_taken(tmp_path: Path, built: str, target: str) -> None:
    for name in built.split():
        add_build(tmp_path, "2025.06", f"x86_64/{name}")
    assert releases_of(tmp_path) == {"2025.06": target}


def test_a_release_without_a_build_for_this_cpu_is_left_out(tmp_path: Path) -> None:
    add_build(tmp_path, "2023.06", "x86_64/generic")
    add_build(tmp_path, "2025.06", "aarch64/generic")
    assert releases_of(tmp_path) == {"2023.06": "x86_64/generic"}


def test_a_release_that_no_module_makes_visible_is_left_out(tmp_path: Path) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    add_build(tmp_path, "2026.06", "x86_64/generic")
    (tmp_path / "init/modules/EESSI/2026.06.lua").unlink()
    assert releases_of(tmp_path) == {"2025.06": "x86_64/generic"}


def test_the_newest_release_comes_first(tmp_path: Path) -> None:
    for version in ("2025.06", "2023.06", "2025.06-001", "2026.06"):
        add_build(tmp_path, version, "x86_64/generic")
    assert list(releases_of(tmp_path)) == ["2026.06", "2025.06-001", "2025.06", "2023.06"]


def test_a_target_directory_without_software_is_not_a_build(tmp_path: Path) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    zen4 = add_build(tmp_path, "2025.06", "x86_64/amd/zen4")
    (zen4 / "software").rmdir()
    assert releases_of(tmp_path) == {"2025.06": "x86_64/generic"}
    (zen4 / "software").write_text("a file, not a directory")
    assert releases_of(tmp_path) == {"2025.06": "x86_64/generic"}


def test_only_wanted_modules_of_the_taken_build_are_found(tmp_path: Path) -> None:
    add_build(tmp_path, "2025.06", "x86_64/amd/zen4", KERNEL, "Julia/1.12.2")
    add_build(tmp_path, "2025.06", "x86_64/generic", KERNEL, SCIENCE)
    add_build(tmp_path, "2023.06", "x86_64/generic", KERNEL)
    reading = read_stack(str(tmp_path), ZEN4, {"2025.06": (SCIENCE, KERNEL), "2031.06": (KERNEL,)})
    assert reading.releases == (
        ReleaseReading("2025.06", "x86_64/amd/zen4", (KERNEL,)),
        ReleaseReading("2023.06", "x86_64/generic", ()),
    )


def test_a_release_is_found_by_its_version(tmp_path: Path) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    reading = read_stack(str(tmp_path), ZEN4, {})
    assert reading.release("2025.06") == reading.releases[0]
    assert reading.release("2023.06") is None


@pytest.mark.parametrize(
    "junk", ["tmp", "2025", "2025.06.old", ".2025.06", "lost+found", "2025.06\n", "ü", "-rf", "2025.06 (1)"]
)
def test_a_directory_that_is_no_version_is_passed_over(tmp_path: Path, junk: str) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    add_build(tmp_path, junk, "x86_64/generic")
    assert releases_of(tmp_path) == {"2025.06": "x86_64/generic"}


def test_a_name_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    os.mkdir(os.fsencode(tmp_path) + b"/versions/\xff\xfe")
    assert releases_of(tmp_path) == {"2025.06": "x86_64/generic"}


def test_links_that_lead_nowhere_or_in_a_circle_are_passed_over(tmp_path: Path) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    builds = tmp_path / "versions/2025.06/software/linux/x86_64/amd"
    builds.mkdir()
    (builds / "zen4").symlink_to("nowhere")
    (builds / "zen3").symlink_to("zen3")
    (tmp_path / "versions" / "2026.06").symlink_to("nowhere")
    assert releases_of(tmp_path) == {"2025.06": "x86_64/generic"}


def test_a_tree_without_releases_is_a_reading_without_releases(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    assert read_stack(str(tmp_path), ZEN4, {}) == StackReading(str(tmp_path), (), {})


def test_the_note_of_a_sample_is_read(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "SAMPLE.json").write_text('{"generations": {"2025b": {"python": "3.11.2"}}}')
    assert read_stack(str(tmp_path), ZEN4, {}).sample == {"generations": {"2025b": {"python": "3.11.2"}}}


@pytest.mark.parametrize("note", [b"", b"{", b"[1]", b'"text"', b"null", b"\xff\xfe", b"NaN"])
def test_a_broken_note_is_passed_over(tmp_path: Path, note: bytes) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic")
    (tmp_path / "SAMPLE.json").write_bytes(note)
    reading = read_stack(str(tmp_path), ZEN4, {})
    assert reading.sample == {}
    assert reading.release("2025.06") is not None


def test_a_root_that_is_missing_is_absent(tmp_path: Path) -> None:
    with pytest.raises(MountAbsentError, match="nothing is mounted"):
        read_stack(str(tmp_path / "software.eessi.io"), ZEN4, {})


def test_a_directory_of_another_kind_is_foreign(tmp_path: Path) -> None:
    (tmp_path / "something").mkdir()
    with pytest.raises(NotAnEESSIStackError, match="no directory 'versions'"):
        read_stack(str(tmp_path), ZEN4, {})


@pytest.mark.parametrize("name", ["", "versions"])
def test_a_file_where_a_directory_should_be_is_foreign_and_not_dead(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    if name:
        root.mkdir()
    (root / name).write_text("") if name else root.write_text("")
    with pytest.raises(NotAnEESSIStackError, match="not a directory"):
        read_stack(str(root), ZEN4, {})


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, MountError),
        (errno.EPERM, MountError),
        (errno.ENOTDIR, NotAnEESSIStackError),
        (errno.ENOTCONN, MountDeadError),
        (errno.EIO, MountDeadError),
        (errno.ESTALE, MountDeadError),
        (errno.ECONNABORTED, MountDeadError),
        (errno.EHOSTDOWN, MountDeadError),
    ],
)
def test_what_the_system_answers_says_what_is_wrong_with_the_mount(number: int, kind: type[MountError]) -> None:
    error = mount_error("/cvmfs/x", OSError(number, os.strerror(number)))
    assert type(error) is kind
    assert "/cvmfs/x" in error.message
    assert error.advice


versions = st.from_regex(r"20[0-9]{2}[.]06", fullmatch=True)
readings = st.builds(
    StackReading,
    st.text(),
    st.lists(st.builds(ReleaseReading, versions, st.text(), st.lists(st.text()).map(tuple)), max_size=4).map(tuple),
    st.dictionaries(st.text(), st.text() | st.integers(), max_size=3),
)


@given(readings)
def test_a_reading_survives_json(reading: StackReading) -> None:
    assert StackReading.from_json(json.loads(json.dumps(reading.to_json()))) == reading


def ask_main(
    question: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, object]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(question)))
    main()
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_the_child_answers_with_a_reading_or_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_build(tmp_path, "2025.06", "x86_64/generic", KERNEL)
    question = {"root": str(tmp_path), "chain": ["x86_64/generic"], "wanted": {"2025.06": [KERNEL]}}
    generic = (CpuTarget("x86_64/generic"),)
    answer = ask_main(question, monkeypatch, capsys)
    assert answer == {
        "reading": json.loads(json.dumps(read_stack(str(tmp_path), generic, {"2025.06": (KERNEL,)}).to_json()))
    }
    answer = ask_main({**question, "root": str(tmp_path / "none")}, monkeypatch, capsys)
    assert list(answer) == ["error"]
    assert isinstance(answer["error"], dict)
    assert isinstance(error_from_json(answer["error"]), MountAbsentError)
