"""Snapshots: what is written is read again, and what cannot be trusted or is not whole never is."""

from __future__ import annotations

import contextlib
import os
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import UnsafePathError
from eessi_spawner.kernels.launcher import FIRST_ARGUMENT, FORMAT, MAX_SNAPSHOT, read_snapshot, snapshot_directory
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.kernels.resolve import Resolved, keep
from eessi_spawner.kernels.snapshot import find_revision, write_snapshot
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.releases import Release

COMMAND = ["/stack/bin/python", "-m", "ipykernel_launcher"]
SOMEBODY = 12345


def unless_in_ci(reason: str) -> NoReturn:
    """Skip where something cannot be made; in CI it must be."""
    if "CI" in os.environ:
        pytest.fail(f"In CI nothing is skipped: {reason}.")
    pytest.skip(reason)


def needs_root() -> None:
    if os.geteuid() != 0:
        unless_in_ci("only root can make this fault")


def write(**variables: str) -> Path:
    write_snapshot("key", source="stat:/", revision="7", command=COMMAND, variables=variables or {"A": "1"})
    return Path(snapshot_directory(), "key")


def read() -> dict[str, str] | None:
    fields = read_snapshot("key")
    if fields is None:
        return None
    assert fields[1:3] == ["stat:/", "7"]
    end = FIRST_ARGUMENT + int(fields[3])
    assert fields[FIRST_ARGUMENT:end] == COMMAND
    return dict(field.split("=", 1) for field in fields[end:])


@contextlib.contextmanager
def full_disk(place: Path) -> Iterator[Path]:
    needs_root()
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "eessi-test", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize(
    "value", ["", "1", "a=b=c", "two\nlines\r\n", "café ☃", "caf\udce9 is Latin-1", "$HOME `id` \\ \"'", "x" * 100_000]
)
def test_a_value_survives_as_it_is(value: str) -> None:
    write(NAME=value)
    assert read() == {"NAME": value}


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(string.ascii_letters + string.digits + "_", min_size=1),
        # As os.environ gives them: any bytes but NUL.
        st.binary().map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
    )
)
def test_every_environment_that_a_process_can_have_survives(variables: dict[str, str]) -> None:
    write_snapshot("key", source="stat:/", revision="7", command=COMMAND, variables=variables)
    assert read() == variables


def test_there_is_no_snapshot_before_one_is_written() -> None:
    assert read() is None


def test_only_its_user_can_read_a_snapshot() -> None:
    file = write()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_snapshot_replaces_the_one_before_and_leaves_nothing_beside_it() -> None:
    write(A="1")
    file = write(A="2")
    assert read() == {"A": "2"}
    assert list(file.parent.iterdir()) == [file]


def test_a_snapshot_cut_anywhere_is_never_read() -> None:
    file = write(A="1", B="2", C="")
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert read() is None, f"cut after {length} bytes"
    file.write_bytes(whole)
    assert read() == {"A": "1", "B": "2", "C": ""}


@pytest.mark.parametrize(
    "fields",
    [
        ["eessi-spawner snapshot 0", "stat:/", "7", "1", "/python", "A=1"],
        [FORMAT, "stat:/", "7", "3", "/python", "A=1"],
        [FORMAT, "stat:/", "7", "-1", "/python", "A=1"],
        [FORMAT, "stat:/", "7", "0", "/python", "A=1"],
        [FORMAT, "stat:/", "7", "9" * 5000, "/python", "A=1"],
        [FORMAT, "stat:/", "7", "1", "/python", "no variable"],
        [FORMAT, "stat:/", "7", "1", "/python", "=no name"],
    ],
)
def test_a_whole_file_that_is_no_snapshot_is_never_read(fields: list[str]) -> None:
    write().write_text("\0".join([*fields, "", ""]))
    assert read_snapshot("key") is None


@settings(max_examples=30)
@given(st.binary(), st.booleans())
def test_garbage_is_either_a_whole_snapshot_or_never_read(garbage: bytes, with_head: bool) -> None:  # noqa: FBT001
    head = FORMAT.encode() + b"\0stat:/\x007\x001\0" if with_head else b""
    write().write_bytes(head + garbage)
    fields = read_snapshot("key")
    if fields is not None:
        assert with_head
        assert garbage.endswith(b"\0\0")
        assert all("=" in field for field in fields[FIRST_ARGUMENT + 1 :])


def test_what_is_larger_than_a_snapshot_can_be_is_never_read() -> None:
    file = write()
    with file.open("r+b") as large:
        large.truncate(MAX_SNAPSHOT + 1)
    assert read() is None


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory", "socket"])
def test_what_is_no_plain_file_is_never_read_and_hangs_nobody(kind: str, tmp_path: Path) -> None:
    file = write()
    moved = file.rename(tmp_path / "moved")
    if kind == "symlink":
        file.symlink_to(moved)
    elif kind == "fifo":
        os.mkfifo(file, 0o600)
    elif kind == "directory":
        file.mkdir(0o700)
    else:
        os.mknod(file, 0o140600)
    assert read() is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_others_can_write_is_never_read(what: str, mode: int) -> None:
    file = write()
    (file if what == "file" else file.parent).chmod(mode | (0o100 if what == "folder" else 0))
    assert read() is None


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_somebody_else_owns_is_never_read(what: str) -> None:
    needs_root()
    file = write()
    os.chown(file if what == "file" else file.parent, SOMEBODY, SOMEBODY)
    assert read() is None


def test_a_folder_that_is_a_symlink_is_never_read_nor_written(tmp_path: Path) -> None:
    folder = write().parent
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert read() is None
    with pytest.raises(UnsafePathError):
        write()


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_into_a_folder_that_others_can_write_nothing_is_kept(mode: int) -> None:
    folder = write(A="old").parent
    folder.chmod(mode)
    with pytest.raises(UnsafePathError, match="can be written by others"):
        write(A="new")
    folder.chmod(0o700)
    assert read() == {"A": "old"}


def test_into_a_folder_that_somebody_else_made_before_nothing_is_kept() -> None:
    needs_root()
    (folder := Path(snapshot_directory())).mkdir(0o700)
    os.chown(folder, SOMEBODY, SOMEBODY)
    with pytest.raises(UnsafePathError):
        write()
    assert list(folder.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_a_file_system_error() -> None:
    Path(snapshot_directory()).touch(0o600)
    with pytest.raises(NotADirectoryError):
        write()


@pytest.mark.parametrize(
    ("value", "reason"), [("a\0b", "holds a NUL"), ("x" * MAX_SNAPSHOT, "at most 1048576 are kept")]
)
def test_what_no_reader_would_take_is_not_written(value: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        write(A=value)
    assert not Path(snapshot_directory()).exists()


def test_the_largest_that_is_written_is_read() -> None:
    spare = MAX_SNAPSHOT - write(A="").stat().st_size
    write(A="x" * spare)
    assert read() == {"A": "x" * spare}


def make_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Path) -> None:
    """Keep what a recipe of a small stack resolved to, with snapshots in *runtime*."""
    target = tmp_path / "stack" / "versions" / "2025.06" / "software" / "linux" / "x86_64" / "generic"
    (target / "modules" / "all").mkdir(parents=True)
    monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", str(runtime))
    recipe = Recipe(str(tmp_path / "stack"), "2025.06", ("A/1",), "python", "Mine")
    keep(recipe, "key", Resolved(COMMAND, {"A": "1"}, "x86_64/generic"))


def test_what_is_kept_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_kept(tmp_path, monkeypatch, tmp_path)
    assert (read_snapshot("key") or [])[-1] == "A=1"


def test_on_a_full_disk_nothing_is_kept_and_the_kernel_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with full_disk(tmp_path / "disk") as disk:
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        make_kept(tmp_path, monkeypatch, disk)
        assert "'Mine' is not kept: [Errno 28]" in capsys.readouterr().err
        with pytest.raises(OSError, match="No space left"):
            write()
        assert read_snapshot("key") is None


def test_a_disk_that_fills_up_while_writing_leaves_no_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with full_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", str(disk))
        file = write(A="old")
        with pytest.raises(OSError, match="No space left"):
            write(A="x" * 100_000)
        assert read() == {"A": "old"}
        assert list(file.parent.iterdir()) == [file]


def test_on_a_read_only_disk_nothing_is_kept_and_the_kernel_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with full_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", str(disk))
        folder = write().parent
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        try:
            with pytest.raises(OSError, match="Read-only file system"):
                write()
            make_kept(tmp_path, monkeypatch, disk)
            assert "'Mine' is not kept: [Errno 30]" in capsys.readouterr().err
        finally:
            subprocess.run(["umount", folder], check=True)


def test_the_revision_is_the_repositorys_own_where_it_tells_one(tmp_path: Path) -> None:
    release, target = Release("2025.06", str(tmp_path)), CpuTarget("x86_64/amd/zen3")
    directory = Path(release.target_directory(target))
    with pytest.raises(FileNotFoundError):
        find_revision(release, target)
    (directory / "modules" / "all").mkdir(parents=True)
    assert find_revision(release, target)[0] == f"stat:{directory}/modules/all"
    (directory / ".lmod" / "cache").mkdir(parents=True)
    (directory / ".lmod" / "cache" / "timestamp").touch()
    assert find_revision(release, target)[0] == f"stat:{directory}/.lmod/cache/timestamp"
    try:
        os.setxattr(tmp_path, "user.revision", b"42")
    except OSError as error:
        unless_in_ci(f"the temporary directory takes no extended attributes ({error.strerror})")
    assert find_revision(release, target) == (f"xattr:{tmp_path}", "42")
