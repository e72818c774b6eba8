"""A snapshot is rebuilt when it is old or damaged, and believed only where nobody else can have written it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eessi_spawner.kernels.launcher import snapshot_directory
from eessi_spawner.kernels.specs import LAUNCHER, KernelSpec
from eessi_spawner.stack.host import Host
from tests.kernels.small_stack import KERNEL, interpreter, make_small_stack, module_file, small_spec, timestamp

NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a small stack whose interpreter, whatever it is asked, prints its environment."""
    root = make_small_stack(tmp_path / "small.eessi.io")
    interpreter(root).write_text("#!/bin/sh\nexec /usr/bin/env -0\n", encoding="utf-8")
    return root


class Launch:
    """Starts the kernel and returns the environment that it got; `log` is what was said meanwhile."""

    def __init__(self, spec: KernelSpec, data: Path) -> None:
        self.log = ""
        self._spec = spec
        recipe = data / "kernels" / spec.name / "recipe.json"
        self._command = [sys.executable, "-IS", str(LAUNCHER), str(recipe), spec.recipe.key, "-f", "none"]

    @property
    def snapshot(self) -> Path:
        return Path(snapshot_directory(), f"{self._spec.recipe.key}@{os.uname().nodename}")

    def __call__(self) -> dict[str, str]:
        done = subprocess.run(self._command, capture_output=True, text=True, check=True, timeout=60)
        self.log = done.stderr
        return dict(entry.split("=", 1) for entry in done.stdout.split("\0")[:-1])


@pytest.fixture
def launch(root: Path, install: Callable[[KernelSpec], Path], host: Host) -> Launch:
    spec = small_spec(root, host)
    return Launch(spec, install(spec))


def add_marker(snapshot: Path) -> None:
    """Add a variable, as somebody who can write there would: an empty field ends a snapshot."""
    snapshot.write_bytes(snapshot.read_bytes().removesuffix(b"\0") + b"MARKER=yes\0\0")


def change_module(root: Path) -> None:
    module = module_file(root, KERNEL)
    module.write_text(module.read_text(encoding="utf-8").replace("yes", "changed"), encoding="utf-8")


def test_while_the_revision_is_the_same_modules_are_not_read(root: Path, launch: Launch) -> None:
    assert launch()["SMALL_STACK"] == "yes"
    change_module(root)
    assert launch()["SMALL_STACK"] == "yes"


def test_a_new_revision_is_a_new_snapshot(root: Path, launch: Launch) -> None:
    launch()
    before = launch.snapshot.read_bytes()
    change_module(root)
    os.utime(timestamp(root))
    assert launch()["SMALL_STACK"] == "changed"
    assert launch.snapshot.read_bytes() != before
    assert os.listdir(launch.snapshot.parent) == [launch.snapshot.name]


@pytest.mark.parametrize("kept", [0, 1, 30, 200, -1])
def test_a_truncated_snapshot_is_made_anew(launch: Launch, kept: int) -> None:
    environment = launch()
    whole = launch.snapshot.read_bytes()
    launch.snapshot.write_bytes(whole[:kept])
    assert launch() == environment
    assert launch.snapshot.read_bytes() == whole


@pytest.mark.parametrize("field", [2, 3, 4])
def test_a_snapshot_with_a_nonsensical_field_is_made_anew(launch: Launch, field: int) -> None:
    environment = launch()
    whole = launch.snapshot.read_bytes()
    fields = whole.split(b"\0")
    fields[field] = b"999999"
    launch.snapshot.write_bytes(b"\0".join(fields))
    assert launch() == environment
    assert launch.snapshot.read_bytes() == whole


def of_another_user(path: Path) -> None:
    os.lchown(path, NOBODY, NOBODY)


def writable_by_others(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


def writable_by_the_group(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o020)


def behind_a_link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("elsewhere")))


def with_a_folder_of_another_user(path: Path) -> None:
    of_another_user(path.parent)


def with_a_folder_writable_by_others(path: Path) -> None:
    writable_by_others(path.parent)


def with_a_folder_behind_a_link(path: Path) -> None:
    behind_a_link(path.parent)


def as_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def needs_root() -> None:
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("giving files to others needs root")
        pytest.skip("giving files to others needs root")


def test_what_this_user_wrote_is_believed(launch: Launch) -> None:
    """If it were not, the tests below would prove nothing."""
    launch()
    add_marker(launch.snapshot)
    assert launch()["MARKER"] == "yes"


@pytest.mark.parametrize(
    "spoil",
    [
        of_another_user,
        writable_by_others,
        writable_by_the_group,
        behind_a_link,
        with_a_folder_of_another_user,
        with_a_folder_writable_by_others,
        with_a_folder_behind_a_link,
        as_a_pipe,
    ],
)
def test_what_somebody_else_can_have_written_is_never_read(launch: Launch, spoil: Callable[[Path], None]) -> None:
    needs_root()
    environment = launch()
    add_marker(launch.snapshot)
    spoil(launch.snapshot)
    assert launch() == environment
    assert launch() == environment
    assert ("is not kept" in launch.log) == ("folder" in spoil.__name__)


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path], None]]:
    """Mount a disk of one page."""
    needs_root()
    mounted = []

    def mount(path: Path) -> None:
        path.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=0700", "none", str(path)], check=True)
        mounted.append(path)

    yield mount
    for path in mounted:
        subprocess.run(["umount", str(path)], check=True)


def test_on_a_full_disk_a_kernel_starts_without_a_snapshot(launch: Launch, small_disk: Callable[[Path], None]) -> None:
    environment = launch()
    shutil.rmtree(launch.snapshot.parent)
    small_disk(launch.snapshot.parent)
    for _ in range(2):
        assert launch() == environment
        assert "is not kept: [Errno 28] No space left on device" in launch.log
        assert os.listdir(launch.snapshot.parent) == []


def test_on_a_read_only_disk_a_kernel_starts_without_a_snapshot(
    launch: Launch, small_disk: Callable[[Path], None]
) -> None:
    environment = launch()
    shutil.rmtree(launch.snapshot.parent)
    small_disk(launch.snapshot.parent)
    subprocess.run(["mount", "-o", "remount,ro", str(launch.snapshot.parent)], check=True)
    assert launch() == environment
    assert "is not kept: [Errno 30] Read-only file system" in launch.log
