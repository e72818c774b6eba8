"""Runs Lmod: loads modules in a clean environment and returns the variables they set."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.errors import LmodMissingError, ModuleLoadError
from eessi_spawner.kernels.launcher import SYSTEM_PATH
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.stack.releases import Release

# Below jupyter_client's 60 s for a kernel to answer, so that the user hears why.
LMOD_SECONDS = 40.0

# EESSI's start-up script for 2023.06 uses the Lmod of 2025.06 (init/lmod/sh of 2023.06): its own is too old.
_LMOD_OF = {"2023.06": "2025.06"}
_SYSTEM_LMOD = (
    "/usr/share/lmod/lmod/libexec/lmod",  # Debian, Ubuntu
    "/usr/share/lmod/8.6.19/libexec/lmod",
    "/usr/share/Lmod/libexec/lmod",
    "/opt/apps/lmod/lmod/libexec/lmod",
)
# What a module file may want to know of the user; nothing that decides where software is found.
_KEPT = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR")


@dataclass(frozen=True)
class LmodAnswer:
    """What Lmod said: whether it succeeded, the variables it set, and its words to the user."""

    succeeded: bool
    variables: Mapping[str, str]
    words: str


def find_lmod(recipe: Recipe, machine: str) -> str:
    """Return the Lmod command to use: the recipe's own, the stack's, `$LMOD_CMD`, else a package's.

    Raises
    ------
    LmodMissingError
        If there is none of them.
    """
    own = recipe.of_release
    candidates = (
        recipe.lmod,
        str(Release(_LMOD_OF.get(own.version, own.version), own.root).lmod(machine)),
        str(own.lmod(machine)),
        os.environ.get("LMOD_CMD", ""),
        *_SYSTEM_LMOD,
    )
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise LmodMissingError(
        f"Modules are loaded by Lmod, and none was found: not in {own.prefix}, not in $LMOD_CMD, not installed.",
        advice="Install it (Debian and Ubuntu: apt-get install lmod), or name its command in the variable LMOD_CMD.",
    )


def clean_environment(recipe: Recipe, chain: tuple[str, ...]) -> dict[str, str]:
    """Return the environment that modules are loaded in: the same for every caller.

    `EESSI_ARCHDETECT_OPTIONS` is not in it on purpose: inherited, it would win over the override
    (`init/modules/EESSI/<version>.lua`). An empty accelerator target means that there is none.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "PATH": SYSTEM_PATH,
        "MODULEPATH": str(recipe.of_release.module_root),
        "EESSI_ARCHDETECT_OPTIONS_OVERRIDE": ":".join(chain),
        "EESSI_ACCELERATOR_TARGET_OVERRIDE": f"accel/{recipe.accelerator}" if recipe.accelerator else "",
        # Without it Lmod writes a cache into the home when a cold repository is slow, and then believes it.
        "LMOD_SHORT_TIME": "86400",
        "LMOD_PAGER": "none",
    }


def load_modules(command: str, recipe: Recipe, chain: tuple[str, ...]) -> LmodAnswer:
    """Load the release's EESSI module and then the recipe's modules, and return what Lmod answered.

    Raises
    ------
    ModuleLoadError
        If Lmod does not answer in time, cannot be run, or answers something else than its Python output.
    """
    modules = [recipe.of_release.eessi_module, *recipe.modules]
    process = subprocess.Popen(
        [command, "python", "load", *modules],
        env=clean_environment(recipe, chain),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=LMOD_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise ModuleLoadError(
            f"Lmod did not load the modules of '{recipe.title}' within {LMOD_SECONDS:g} seconds.",
            advice="Restart the kernel: what was fetched meanwhile is not fetched again. If it stays so, the"
            " repository's proxy needs an administrator.",
        ) from None
    words = stderr.decode("utf-8", "replace").strip()
    try:
        variables, succeeded = parse_python_output(stdout.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise ModuleLoadError(
            f"{Path(command).name} answered something that is not its Python output ({error}).",
            advice=f"Check that {command} is Lmod 8.6 or newer.",
            details=words,
        ) from error
    return LmodAnswer(succeeded and process.returncode == 0, variables, words)


def parse_python_output(text: str) -> tuple[dict[str, str], bool]:
    """Return the variables that `lmod python load` sets, and its status, without running its output.

    Raises
    ------
    ValueError
        If *text* is no Python, or holds a statement that Lmod does not write.
    """
    try:
        statements = ast.parse(text).body
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno} is no Python") from None
    variables: dict[str, str] = {}
    succeeded = True
    for statement in statements:
        match statement:
            case ast.Import():
                pass
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(str(name)))], value=ast.Constant(str(value))):
                variables[name] = value
            case ast.Delete(targets=[ast.Subscript(slice=ast.Constant(str(name)))]):
                variables.pop(name, None)
            case ast.Assign(targets=[ast.Name("_mlstatus")], value=ast.Constant(bool(status))):
                succeeded = status
            case _:
                raise ValueError(f"line {statement.lineno} is not an assignment to a variable")
    return variables, succeeded
