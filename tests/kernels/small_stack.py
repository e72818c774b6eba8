"""A stack of three modules that tests may break: EESSI's layout, and this Python as the interpreter.

Its module files find their places from their own names, so that it works wherever it is mounted.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import eessi_spawner.demo.sample
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.kernels.specs import KernelSpec, make_spec
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import Host

RELEASE = "2025.06"
PYTHON = "Python/3.13.5-GCCcore-14.3.0"
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
OTHER_COMPILER = "GCCcore/13.3.0"
_EESSI_MODULE = Path(eessi_spawner.demo.sample.__file__).with_name("eessi_module.lua")
_MODULES = {
    "GCCcore/14.3.0": 'conflict("GCCcore")',
    OTHER_COMPILER: 'conflict("GCCcore")',
    PYTHON: f"""
local target = myFileName():gsub("/modules/all/.*", "")
setenv("EBROOTPYTHON", pathJoin(target, "software", "{PYTHON}"))
""",
    KERNEL: f'depends_on("GCCcore/14.3.0")\ndepends_on("{PYTHON}")\nsetenv("SMALL_STACK", "yes")',
}


def target_directory(root: Path) -> Path:
    return root / "versions" / RELEASE / "software" / "linux" / os.uname().machine / "generic"


def interpreter(root: Path) -> Path:
    return target_directory(root) / "software" / PYTHON / "bin" / "python"


def module_file(root: Path, module: str) -> Path:
    return target_directory(root) / "modules" / "all" / f"{module}.lua"


def timestamp(root: Path) -> Path:
    """Return what is touched whenever modules change."""
    return target_directory(root) / ".lmod" / "cache" / "timestamp"


def write_module(root: Path, module: str, text: str) -> None:
    path = module_file(root, module)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def make_small_stack(root: Path) -> Path:
    """Write a small stack to *root* and return it."""
    modules = root / "init" / "modules" / "EESSI"
    modules.mkdir(parents=True)
    shutil.copyfile(_EESSI_MODULE, modules / f"{RELEASE}.lua")
    for module, text in _MODULES.items():
        write_module(root, module, text)
    timestamp(root).parent.mkdir(parents=True)
    timestamp(root).touch()
    timestamp(root).parent.with_name("lmodrc.lua").touch()
    interpreter(root).parent.mkdir(parents=True)
    interpreter(root).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    interpreter(root).chmod(0o755)
    return root


def small_spec(root: Path | str, host: Host, *modules: str, cpu_target: str = "") -> KernelSpec:
    """Return the spec of the small stack at *root*, with *modules* besides the one that brings the kernel."""
    environment = Environment("small", "Small", RELEASE, (KERNEL, *modules))
    return make_spec(environment, KernelSettings(root=str(root), cpu_target=cpu_target), host)
