"""Moves a tree to another place: whatever names the old place names the new one afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path


def copy_tree(source: Path, destination: Path) -> None:
    """Copy *source* by hard links where that is possible: its files are replaced, never written to."""

    def link(file: str, copy: str) -> None:
        try:
            os.link(file, copy, follow_symlinks=False)
        except OSError:
            shutil.copy2(file, copy, follow_symlinks=False)

    shutil.copytree(source, destination, symlinks=True, copy_function=link)


def rewrite_tree(tree: Path, names: Mapping[str, str]) -> None:
    """Replace the paths *names* by others in all text files and symbolic links of *tree*; times stay."""
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink():
                _rewrite_link(path, names)
            elif path.is_file():
                _rewrite_file(path, names)


def _rewrite_link(path: Path, names: Mapping[str, str]) -> None:
    old = new = str(path.readlink())
    for before, after in names.items():
        new = new.replace(before, after)
    if new != old:
        path.unlink()
        path.symlink_to(new)


def _rewrite_file(path: Path, names: Mapping[str, str]) -> None:
    old = new = path.read_bytes()
    if b"\0" in old:
        return  # a binary, which has lengths in it
    for before, after in names.items():
        new = new.replace(before.encode(), after.encode())
    if new == old:
        return
    status = path.stat()
    path.unlink()
    path.write_bytes(new)
    path.chmod(status.st_mode & 0o7777)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def compile_lmod_caches(tree: Path) -> None:
    """Make the compiled form of each of Lmod's caches in *tree* anew, since its strings have lengths."""
    for source in tree.rglob("spiderT.lua"):
        for compiled in source.parent.glob("spiderT.luac_*"):
            compiled.unlink()
            version = compiled.name.rpartition("_")[2]
            # By its bare name, since that too is in what it becomes.
            subprocess.run([f"luac{version}", "-o", compiled.name, source.name], check=True, cwd=source.parent)
