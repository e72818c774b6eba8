"""Real FUSE mounts that die and hang: a tree in a squashfs image, and a file system that never answers.

The test process itself never reads a mount that it has broken: it would hang with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nothing is kept by the kernel: every question reaches the process.
UNCACHED = "attr_timeout=0,entry_timeout=0,negative_timeout=0"
_MOUNT_SECONDS = 10

# Mounts /dev/fuse at argv[1], answers the kernel's greeting (opcode 26), and then reads every request without
# ever answering one: who waits for an answer cannot be killed.
_MUTE = """
import ctypes, os, struct, sys
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other"
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"mute", os.fsencode(sys.argv[1]), b"fuse", 0, options.encode()) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
while True:
    request = os.read(fd, 1 << 17)
    length, opcode, unique = struct.unpack_from("<IIQ", request)
    if opcode == 26:
        greeting = struct.pack("<IIIIHHII", 7, 23, 131072, 0, 12, 9, 4096, 1).ljust(64, b"\\0")
        os.write(fd, struct.pack("<IiQ", 16 + len(greeting), 0, unique) + greeting)
"""


class FuseMount:
    """A mounted file system whose process can be killed, stopped and resumed."""

    def __init__(self, command: list[str], path: Path) -> None:
        self.path = path
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._wait_until_mounted()

    def _wait_until_mounted(self) -> None:
        deadline = time.monotonic() + _MOUNT_SECONDS
        while f" {self.path} " not in Path("/proc/self/mountinfo").read_text(encoding="utf-8"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                pytest.fail(f"{self._process.args!r} mounted nothing: {self._process.communicate()[1]}")
            time.sleep(0.01)

    def kill(self) -> None:
        """Let it die: the kernel answers ENOTCONN from now on."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Let it hang."""
        os.kill(self._process.pid, signal.SIGSTOP)
        stat = Path(f"/proc/{self._process.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.01)

    def resume(self) -> None:
        """Let it answer again."""
        os.kill(self._process.pid, signal.SIGCONT)

    def clean_up(self) -> None:
        """End the process, however it is, and take the mount away."""
        if self._process.poll() is None:
            self.resume()
            self.kill()
        if self._process.stderr is not None:
            self._process.stderr.close()
        subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True)


class FuseMounts:
    """Mounts what a test asks for, each below a directory of its own that everybody may enter."""

    def __init__(self, directory: Path, cleanup: contextlib.ExitStack) -> None:
        self._directory = directory
        self._cleanup = cleanup
        self._count = 0

    def tree(self, tree: Path, *, options: str = f"allow_other,{UNCACHED}") -> FuseMount:
        """Mount a copy of *tree*."""
        path = self._mount_point()
        image = path.with_suffix(".squashfs")
        subprocess.run(
            ["mksquashfs", str(tree), str(image), "-quiet", "-no-progress"],
            check=True,
            capture_output=True,
        )
        return self._mount(["squashfuse", "-f", "-o", options, str(image), str(path)], path)

    def mute(self) -> FuseMount:
        """Mount a file system that takes every question and never answers one."""
        path = self._mount_point()
        return self._mount([sys.executable, "-IS", "-c", _MUTE, str(path)], path)

    def _mount_point(self) -> Path:
        self._count += 1
        path = self._directory / f"mount-{self._count}"
        path.mkdir(mode=0o755)
        return path

    def _mount(self, command: list[str], path: Path) -> FuseMount:
        mount = FuseMount(command, path)
        self._cleanup.callback(mount.clean_up)
        return mount


def _missing() -> str:
    if os.geteuid() != 0:
        return "FUSE mounts for others need root"
    if not Path("/dev/fuse").exists():
        return "/dev/fuse is missing"
    programs = [program for program in ("squashfuse", "mksquashfs") if shutil.which(program) is None]
    return f"install Debian's squashfuse and squashfs-tools: no {', '.join(programs)}" if programs else ""


@pytest.fixture
def fuse() -> Iterator[FuseMounts]:
    """Mount trees by FUSE; skipped where that is impossible, but never in continuous integration."""
    if missing := _missing():
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    # Not below pytest's own directory, which only its user may enter.
    with tempfile.TemporaryDirectory(prefix="fuse-") as directory, contextlib.ExitStack() as cleanup:
        Path(directory).chmod(0o755)
        yield FuseMounts(Path(directory), cleanup)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree with one release, built for zen2 and generic, that has Julia."""
    tree = tmp_path / "tree"
    for target in ("amd/zen2", "generic"):
        build = tree / "versions/2025.06/software/linux/x86_64" / target
        (build / "software").mkdir(parents=True)
        (build / "modules/all/Julia").mkdir(parents=True)
        (build / "modules/all/Julia/1.12.2.lua").touch()
    (tree / "init/modules/EESSI").mkdir(parents=True)
    (tree / "init/modules/EESSI/2025.06.lua").touch()
    return tree


@pytest.fixture
def stack(fuse: FuseMounts, tree: Path) -> FuseMount:
    """Mount the tree by FUSE."""
    return fuse.tree(tree)
