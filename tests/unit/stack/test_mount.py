"""Asking in a child process: what it answers comes back, and what hangs in it hangs nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from eessi_spawner.errors import (
    MountAbsentError,
    MountError,
    MountHangingError,
    NotAnEESSIStackError,
)
from eessi_spawner.stack import child, mount
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.mounted import read_stack

CHAIN = CpuTarget("x86_64/amd/zen3").fallback_chain
WANTED = {"2025.06": ("Julia/1.12.2", "R/4.5.2-gfbf-2025b")}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree with one release, built for zen2, that has Julia."""
    build = tmp_path / "versions/2025.06/software/linux/x86_64/amd/zen2"
    (build / "software").mkdir(parents=True)
    for file in (build / "modules/all/Julia/1.12.2.lua", tmp_path / "init/modules/EESSI/2025.06.lua"):
        file.parent.mkdir(parents=True)
        file.touch()
    return tmp_path


@pytest.fixture
def hanging_tree(tree: Path) -> Path:
    """Make a tree in which a file hangs whoever opens it: a FIFO that nobody writes to."""
    os.mkfifo(tree / "SAMPLE.json")
    return tree


def children() -> set[int]:
    """Return the processes that this one started and that are not gone, dead but unreaped ones included."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = file.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            found.add(int(file.parent.name))
    return found


def test_the_answer_is_that_of_reading_directly(tree: Path) -> None:
    answer = ask_stack(str(tree), CHAIN, WANTED)
    assert answer == read_stack(str(tree), CHAIN, WANTED)
    assert [release.modules for release in answer.releases] == [("Julia/1.12.2",)]


def test_an_error_of_the_child_is_raised_here_as_the_same_kind(tmp_path: Path) -> None:
    with pytest.raises(MountAbsentError, match="nothing is mounted"):
        ask_stack(str(tmp_path / "none"), CHAIN, {})
    with pytest.raises(NotAnEESSIStackError):
        ask_stack(str(tmp_path), CHAIN, {})


def test_a_root_with_any_characters_is_asked(tmp_path: Path) -> None:
    root = tmp_path / "ü 'quoted' $(id) \n" / os.fsdecode(b"\xff")
    (root / "versions").mkdir(parents=True)
    assert ask_stack(str(root), CHAIN, {}).root == str(root)


def test_the_environment_and_the_folder_of_the_caller_do_not_reach_into_the_child(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path_factory.mktemp("trap")
    (trap / "json.py").write_text("raise SystemExit('trapped')")
    (trap / "sitecustomize.py").write_text("raise SystemExit('trapped')")
    monkeypatch.setenv("PYTHONPATH", str(trap))
    monkeypatch.setenv("PYTHONHOME", str(trap))
    monkeypatch.chdir(trap)
    assert ask_stack(str(tree), CHAIN, {}).release("2025.06") is not None


def test_a_file_system_that_hangs_is_given_up_in_time_and_leaves_no_process(hanging_tree: Path) -> None:
    before = children()
    started = time.monotonic()
    with pytest.raises(MountHangingError, match=r"within 0\.5 seconds"):
        ask_stack(str(hanging_tree), CHAIN, {}, seconds=0.5)
    assert time.monotonic() - started < 2.5
    assert children() == before


def test_once_it_no_longer_hangs_the_answer_comes_again(hanging_tree: Path) -> None:
    with pytest.raises(MountHangingError):
        ask_stack(str(hanging_tree), CHAIN, {}, seconds=0.3)
    (hanging_tree / "SAMPLE.json").unlink()
    assert ask_stack(str(hanging_tree), CHAIN, {}).release("2025.06") is not None


def test_an_answer_leaves_no_process(tree: Path) -> None:
    before = children()
    ask_stack(str(tree), CHAIN, {})
    assert children() == before


@pytest.mark.parametrize(
    "program",
    [
        "print('garbage')",
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe garbage')",
        "print('{\"reading\": ')",
        "pass",
        "raise SystemExit(3)",
        "import os; os.kill(os.getpid(), 9)",
    ],
)
def test_a_child_that_answers_with_garbage_is_a_mount_error(
    tree: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount, "_CHILD", f"import sys; sys.stdin.read(); {program}")
    with pytest.raises(MountError, match="failed with exit code") as failed:
        ask_stack(str(tree), CHAIN, {})
    assert type(failed.value) is MountError


def test_what_the_child_said_of_its_failure_is_in_the_details(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import sys; sys.stderr.buffer.write(b'x' * 9000 + b' \\xff why it failed'); sys.exit(3)"
    monkeypatch.setattr(mount, "_CHILD", program)
    with pytest.raises(MountError, match="exit code 3") as failed:
        ask_stack(str(tree), CHAIN, {})
    assert failed.value.details.endswith("why it failed")
    assert len(failed.value.details) <= 4000


def test_as_long_as_a_child_cannot_be_killed_no_further_one_is_sent_after_it(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    monkeypatch.setattr(child, "_stuck", {str(tree): stuck})
    before = children()
    with pytest.raises(MountHangingError):
        ask_stack(str(tree), CHAIN, {})
    assert children() == before
    stuck.communicate("at last\n")
    assert ask_stack(str(tree), CHAIN, {}).release("2025.06") is not None


def test_a_stuck_child_stops_nobody_from_asking_another_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    monkeypatch.setattr(child, "_stuck", {"/cvmfs/another": stuck})
    assert ask_stack(str(tree), CHAIN, {}).release("2025.06") is not None
    stuck.communicate("\n")


def test_several_threads_may_ask_at_once(tree: Path) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(len(ask_stack(str(tree), CHAIN, {}).releases))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1, 1, 1, 1]
