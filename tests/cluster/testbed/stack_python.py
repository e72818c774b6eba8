"""The Pythons of the test's stack: real installations, where the sample has environments of this machine's Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.testbed.own_libraries import OwnLibraries, shared_objects

_ASK = (
    "import json, sysconfig as s; print(json.dumps([s.get_path('stdlib'), s.get_config_var('LIBDIR'),"
    " s.get_config_var('INSTSONAME')]))"
)
# Neither packages (the sample brings its own) nor what no kernel uses.
_LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py", "ensurepip",
    "lib2to3", "config-*", "*.opt-*.pyc", "EXTERNALLY-MANAGED", "_tkinter.*", "_test*", "_ctypes_test.*", "xx*",
    "_xxtest*", "sitecustomize.py",
)  # fmt: skip


@dataclass(frozen=True)
class BasePython:
    """The Python that the sample's environments are of."""

    interpreter: Path
    standard_library: Path
    library: Path | None

    def objects(self) -> list[Path]:
        """Return its program and its extension modules: what needs libraries."""
        return [self.interpreter, *shared_objects(self.standard_library / "lib-dynload")]

    def own(self) -> list[Path]:
        """Return what of these it brings itself."""
        return [self.standard_library, *([self.library] if self.library else [])]


def find_base_python(environment: Path) -> BasePython:
    """Return the Python of the virtual environment *environment*."""
    interpreter = (environment / "bin" / "python").resolve()
    answer = subprocess.run([interpreter, "-IS", "-c", _ASK], check=True, capture_output=True, text=True)
    standard_library, libraries, name = json.loads(answer.stdout)
    library = Path(libraries, name)
    # Debian's Python names a library that another package has, and does without it.
    is_shared = library.suffix != ".a" and library.is_file()
    return BasePython(interpreter, Path(standard_library), library if is_shared else None)


def install_python(environment: Path, base: BasePython, libraries: OwnLibraries) -> None:
    """Turn the virtual environment *environment* into an installation of *base* that needs nothing else.

    Its packages stay, and so does its prefix: to a program it is the same Python.
    """
    (environment / "pyvenv.cfg").unlink()
    shutil.rmtree(environment / "bin")
    (environment / "bin").mkdir()
    name = base.standard_library.name
    shutil.copytree(base.standard_library, environment / "lib" / name, ignore=_LEFT_OUT, dirs_exist_ok=True)
    # Where Debian's Python, which is no virtual environment any more, looks for packages.
    (environment / "lib" / "python3").mkdir()
    (environment / "lib" / "python3" / "dist-packages").symlink_to(f"../{name}/site-packages")
    for extension in shared_objects(environment / "lib" / name / "lib-dynload"):
        libraries.adopt_library(extension)
    interpreter = environment / "bin" / name
    shutil.copy2(base.interpreter, interpreter)
    for link in ("python", "python3"):
        interpreter.with_name(link).symlink_to(name)
    if base.library is not None:
        libraries.adopt_library(Path(shutil.copy2(base.library, environment / "lib")))
    libraries.adopt(interpreter, before=("$ORIGIN/../lib",))
