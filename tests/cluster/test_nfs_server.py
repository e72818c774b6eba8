"""The stack over NFS: a real server, and the stand-in for the kernel's client behaves as a hard, read-only mount."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eessi_spawner.demo.hub import free_port
from eessi_spawner.stack.host import read_host
from tests.cluster.testbed.mount_nfs import build_mount_nfs
from tests.cluster.testbed.nfs import NFSServer
from tests.cluster.testbed.stack_image import SITE, STACK, build_stack_tree

pytestmark = [pytest.mark.sample_stack, pytest.mark.fuse]

MOUNT_FAILED = 32
SECONDS = 60
# The stack's Python names its loader and its modules by where they lie in the end, so it is mounted there.
AT_CVMFS = """
mkdir -p /cvmfs
mount -t nfs -o "port=$1,nfsvers=4.2" 127.0.0.1:/cvmfs /cvmfs
trap 'umount /cvmfs' EXIT
PYTHONPATH=$3 "$2" -c 'import numpy; print(numpy.__file__, numpy.arange(4).sum())'
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NFSServer]:
    running = NFSServer(build_stack_tree(), tmp_path_factory.mktemp("nfs"), port=free_port())
    running.start()
    yield running
    running.stop()


@pytest.fixture
def target() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nfs-") as directory:
        path = Path(directory)
        yield path
        subprocess.run(["umount", "-l", directory], check=False, capture_output=True)


def mount(server: str, target: Path, options: str, kind: str = "nfs") -> subprocess.CompletedProcess[str]:
    """Mount as the kubelet does."""
    environ = {**os.environ, "PATH": f"{build_mount_nfs()}:{os.environ['PATH']}"}
    words = ["mount", "-t", kind, "-o", options, server, str(target)]
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.fixture
def mounted(server: NFSServer, target: Path) -> Path:
    answer = mount("127.0.0.1:/cvmfs", target, f"nfsvers=4.1,hard,port={server.port}")
    assert (answer.returncode, answer.stderr) == (0, "")
    return target


def in_background(action: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


def test_a_mounted_export_has_the_servers_files_links_and_folders(mounted: Path) -> None:
    tree = build_stack_tree()
    assert sorted(os.listdir(mounted)) == sorted(os.listdir(tree)) == [SITE, STACK]
    for folder, folders, files in os.walk(tree / STACK / "versions/2025.06/compat"):
        there = mounted / Path(folder).relative_to(tree)
        assert sorted(os.listdir(there)) == sorted(folders + files)
        for name in files:
            original, copy = Path(folder, name), there / name
            assert copy.read_bytes() == original.read_bytes()
            assert copy.stat().st_mode == original.stat().st_mode
            assert int(copy.stat().st_mtime) == int(original.stat().st_mtime)
    links = [path.relative_to(tree) for path in tree.rglob("*") if path.is_symlink()]
    assert len(links) > 10
    assert [(mounted / link).readlink() for link in links] == [(tree / link).readlink() for link in links]
    with pytest.raises(FileNotFoundError):
        (mounted / "no-such-repository").stat()


def test_nothing_can_be_written(mounted: Path) -> None:
    for write in (
        (mounted / "new").touch,
        lambda: (mounted / SITE / "README").write_text("changed"),
        (mounted / SITE / "README").unlink,
    ):
        with pytest.raises(OSError, match="Read-only") as refused:
            write()
        assert refused.value.errno == errno.EROFS


def test_programs_on_it_run_and_the_stacks_python_imports_numpy(server: NFSServer, mounted: Path) -> None:
    tool = mounted / SITE / "software/site-tool/1.0/bin/site-tool"
    assert subprocess.run([tool], capture_output=True, text=True, check=True).stdout == "site-tool 1.0\n"
    tree = build_stack_tree()
    software = tree / STACK / "versions/2023.06/software/linux" / read_host().target.path / "software"
    [python] = software.glob("Python/*/bin/python")
    [numpy] = software.glob("SciPy-bundle/*/lib/python3.*/site-packages")
    places = [f"/cvmfs/{path.relative_to(tree)}" for path in (python, numpy)]
    environ = {**os.environ, "PATH": f"{build_mount_nfs()}:{os.environ['PATH']}"}
    words = ["unshare", "--mount", "sh", "-euc", AT_CVMFS, "sh", str(server.port), *places]
    answer = subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.split() == [f"{places[1]}/numpy/__init__.py", "6"]


def test_calls_wait_while_the_server_is_away_and_go_on_when_it_is_back(server: NFSServer, mounted: Path) -> None:
    large = max((build_stack_tree() / STACK).glob("versions/2025.06/compat/linux/*/lib64/*"), key=os.path.getsize)
    content = large.read_bytes()
    found: list[object] = []
    with (mounted / large.relative_to(build_stack_tree())).open("rb", buffering=0) as opened:
        assert opened.read(10) == content[:10]
        server.stop()
        waiting = [
            in_background(lambda: found.append(os.pread(opened.fileno(), 100, len(content) - 100))),
            in_background(lambda: found.append((mounted / SITE / "README").read_text())),
        ]
        for thread in waiting:
            thread.join(timeout=1.5)
            assert thread.is_alive(), f"a hard mount waits, and this one answered {found}"
        server.start()
        for thread in waiting:
            thread.join(timeout=SECONDS)
        assert set(found) == {content[-100:], "A site's own repository.\n"}


def test_umount_takes_it_away_with_its_process(mounted: Path) -> None:
    [line] = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {mounted} " in line]
    assert " ro," in line
    assert " - fuse.nfs4 127.0.0.1:/cvmfs " in line
    subprocess.run(["umount", str(mounted)], check=True)
    assert os.listdir(mounted) == []
    running = subprocess.run(["pgrep", "-f", f"mount.nfs.*{mounted}"], capture_output=True, check=False)
    deadline = 50
    while running.returncode == 0 and (deadline := deadline - 1):
        running = subprocess.run(["pgrep", "-f", f"mount.nfs.*{mounted}"], capture_output=True, check=False)
    assert running.stdout == b""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("127.0.0.1:/cvmfs", "mount.nfs: Connection refused\n"),
        ("nowhere.invalid:/cvmfs", "mount.nfs: Failed to resolve server nowhere.invalid: Name or service not known\n"),
    ],
)
def test_a_mount_that_fails_says_what_the_real_one_says(target: Path, source: str, words: str) -> None:
    with socket.socket() as bound:  # taken, and not listened on
        bound.bind(("127.0.0.1", 0))
        answer = mount(source, target, f"port={bound.getsockname()[1]}", kind="nfs4")
    assert (answer.returncode, answer.stderr) == (MOUNT_FAILED, words)


def test_an_export_that_there_is_not_is_refused(server: NFSServer, target: Path) -> None:
    answer = mount("127.0.0.1:/nothing", target, f"port={server.port}")
    reason = "mount.nfs: mounting 127.0.0.1:/nothing failed, reason given by server: No such file or directory\n"
    assert (answer.returncode, answer.stderr) == (MOUNT_FAILED, reason)


def test_other_kinds_of_mounts_are_left_to_the_real_mount(target: Path) -> None:
    environ = {**os.environ, "PATH": f"{build_mount_nfs()}:{os.environ['PATH']}"}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(target)], env=environ, check=True)
    assert os.path.ismount(target)
