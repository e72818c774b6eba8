"""Programs with a loader and libraries of their own, as EESSI's compatibility layer has: nothing of the pod's image.

A program is copied with all that `ldd` names, and patched to name the copies: first the loader, by its absolute
path, then the folder of libraries (as RPATH, which holds for what the libraries need too).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_LINE = re.compile(r"^\s+(?:(?P<name>\S+) => )?(?P<path>/\S+) \(0x", re.MULTILINE)
_LOADER = re.compile(r"ld-linux[\w.-]*\.so\.\d+|ld-musl[\w.-]*")
# Asked for by name at run time, so that no `ldd` shows them: by glibc, when a thread ends.
_UNSEEN = ("libgcc_s.so.1",)


@dataclass(frozen=True)
class OwnLibraries:
    """A folder of libraries: `directory` is where it is made, `place` where it will be mounted."""

    directory: Path
    place: PurePosixPath

    @property
    def loader(self) -> PurePosixPath:
        """The loader, where it will be mounted."""
        [loader] = [file.name for file in self.directory.iterdir() if _LOADER.fullmatch(file.name)]
        return self.place / loader

    def add_closure(self, files: Iterable[Path], *, without: Iterable[Path] = ()) -> None:
        """Copy the libraries of this machine that *files* need, but for *without*, files or whole trees."""
        self.directory.mkdir(parents=True, exist_ok=True)
        left_out = [tree.resolve() for tree in without]
        for name, path in _needed(files).items():
            is_wanted = not any(path.resolve().is_relative_to(tree) for tree in left_out)
            if is_wanted and not (self.directory / name).exists():
                shutil.copy2(path.resolve(), self.directory / name)
                (self.directory / name).chmod(0o755)

    def adopt(self, program: Path, *, before: Iterable[str] = ()) -> None:
        """Make *program* use this loader and these libraries, after those in the folders *before*."""
        path = ":".join((*before, str(self.place)))
        _patch("--set-interpreter", str(self.loader), program)
        # RPATH, not RUNPATH: that would not hold for what libraries need in turn.
        _patch("--force-rpath", "--set-rpath", path, program)

    @staticmethod
    def adopt_library(library: Path) -> None:
        """Make *library* look nowhere itself, so that its program's path holds."""
        _patch("--remove-rpath", library)


def shared_objects(tree: Path) -> list[Path]:
    """Return the shared libraries in *tree*."""
    return sorted(file for file in tree.rglob("*.so*") if file.is_file() and not file.is_symlink())


def _needed(files: Iterable[Path]) -> dict[str, Path]:
    """Return the libraries that `ldd` names for *files*, by the names that they are asked for."""
    names = [str(file) for file in files]
    found: dict[str, Path] = {}
    for start in range(0, len(names), 50):
        answer = subprocess.run(["ldd", *names[start : start + 50]], check=False, capture_output=True, text=True)
        for line in _LINE.finditer(answer.stdout):
            path = Path(line["path"])
            found[path.name if line["name"] is None else line["name"]] = path
    c_library = next(path for name, path in found.items() if name.startswith("libc.so"))
    for name in _UNSEEN:
        found.setdefault(name, c_library.with_name(name))
    return found


def _patch(*arguments: str | Path) -> None:
    subprocess.run(["patchelf", *arguments], check=True, capture_output=True)
