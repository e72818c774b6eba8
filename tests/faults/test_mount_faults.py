"""What is said of a real file system that lives, dies, hangs and comes back."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eessi_spawner.errors import MountDeadError, MountError, MountHangingError
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.mounted import ReleaseReading, read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import FuseMount, FuseMounts

pytestmark = pytest.mark.fuse

CHAIN = CpuTarget("x86_64/amd/zen3").fallback_chain
WANTED = {"2025.06": ("Julia/1.12.2", "R/4.5.2-gfbf-2025b")}
FOUND = (ReleaseReading("2025.06", "x86_64/amd/zen2", ("Julia/1.12.2",)),)
NOBODY = 65534


def descendants() -> set[int]:
    """Return the processes that this one started and that are not gone, dead but unreaped ones included."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(file.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(file.parent.name))
    return found


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def ask_again_while_hanging(root: str) -> None:
    """Ask until something other than `MountHangingError` comes."""
    while True:
        with contextlib.suppress(MountHangingError):
            ask_stack(root, CHAIN, WANTED)
            return
        time.sleep(0.05)


def test_a_mount_that_lives_is_read(stack: FuseMount) -> None:
    assert ask_stack(str(stack.path), CHAIN, WANTED).releases == FOUND


def test_a_mount_whose_process_was_killed_is_dead(stack: FuseMount) -> None:
    stack.kill()
    with pytest.raises(MountDeadError) as dead:
        ask_stack(str(stack.path), CHAIN, WANTED)
    assert dead.value.code == "mount_dead"
    assert "umount -l" in dead.value.advice


def test_a_mount_that_dies_after_a_good_answer_is_dead_at_the_next_question(stack: FuseMount) -> None:
    ask_stack(str(stack.path), CHAIN, WANTED)
    stack.kill()
    with pytest.raises(MountDeadError):
        ask_stack(str(stack.path), CHAIN, WANTED)


@pytest.mark.parametrize(
    "part",
    [
        "init/modules/EESSI/2025.06.lua",
        "versions/2025.06/software/linux/x86_64/amd/zen2",
        "versions/2025.06/software/linux/x86_64/amd/zen2/modules/all/Julia",
    ],
)
def test_a_part_that_died_is_never_taken_for_one_that_is_not_there(stack: FuseMount, tree: Path, part: str) -> None:
    (tree / part).rename(tree / "aside")
    (tree / part).symlink_to(stack.path / part)
    assert ask_stack(str(tree), CHAIN, WANTED).releases == FOUND
    stack.kill()
    with pytest.raises(MountDeadError):
        ask_stack(str(tree), CHAIN, WANTED)


def test_a_mount_whose_process_is_stopped_is_given_up_in_time_and_leaves_no_process(stack: FuseMount) -> None:
    stack.stop()
    before = descendants()
    with within(1 + 2), pytest.raises(MountHangingError) as hanging:
        ask_stack(str(stack.path), CHAIN, WANTED, seconds=1)
    assert hanging.value.code == "mount_hanging"
    assert descendants() == before


def test_a_mount_that_stops_after_a_good_answer_is_given_up_in_time(stack: FuseMount) -> None:
    ask_stack(str(stack.path), CHAIN, WANTED)
    stack.stop()
    with within(1 + 2), pytest.raises(MountHangingError):
        ask_stack(str(stack.path), CHAIN, WANTED, seconds=1)


def test_after_it_resumes_the_answer_comes_again(stack: FuseMount) -> None:
    stack.stop()
    with pytest.raises(MountHangingError):
        ask_stack(str(stack.path), CHAIN, WANTED, seconds=0.5)
    stack.resume()
    assert ask_stack(str(stack.path), CHAIN, WANTED).releases == FOUND


def test_a_hanging_mount_that_is_killed_at_last_is_dead(stack: FuseMount) -> None:
    stack.stop()
    with pytest.raises(MountHangingError):
        ask_stack(str(stack.path), CHAIN, WANTED, seconds=0.5)
    stack.kill()
    with pytest.raises(MountDeadError):
        ask_stack(str(stack.path), CHAIN, WANTED)


def test_after_a_child_that_cannot_be_killed_no_further_one_is_sent_until_it_is_gone(
    fuse: FuseMounts,
) -> None:
    mute = fuse.mute()
    before = descendants()
    with within(0.5 + 2), pytest.raises(MountHangingError):
        ask_stack(str(mute.path), CHAIN, WANTED, seconds=0.5)
    stuck = descendants() - before
    assert len(stuck) == 1
    with within(0.2), pytest.raises(MountHangingError):
        ask_stack(str(mute.path), CHAIN, WANTED, seconds=5)
    assert descendants() - before == stuck
    mute.kill()
    with within(5), pytest.raises(MountDeadError):
        ask_again_while_hanging(str(mute.path))
    assert not descendants() & stuck


def test_a_mount_that_is_for_root_alone_says_that_others_may_not_read_it(fuse: FuseMounts, tree: Path) -> None:
    closed = fuse.tree(tree, options="default_permissions")
    with as_nobody(), pytest.raises(MountError, match="may not be read") as refused:
        read_stack(str(closed.path), CHAIN, WANTED)
    assert "allow_other" in refused.value.advice
    opened = fuse.tree(tree)
    with as_nobody():
        assert read_stack(str(opened.path), CHAIN, WANTED).releases == FOUND
