"""Runs Lmod: loads modules in a clean environment and returns the variables they set."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.errors import LmodMissingError, ModuleLoadError
from eessi_spawner.kernels.launcher import SYSTEM_PATH
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.stack.mounted import raise_if_dead
from eessi_spawner.stack.releases import Release

# Below jupyter_client's 60 s for a kernel to answer, so that the user hears why.
LMOD_SECONDS = 40.0

# EESSI's start-up script for 2023.06 uses the Lmod of 2025.06 (init/lmod/sh of 2023.06): its own is too old.
_LMOD_OF = {"2023.06": "2025.06"}
SYSTEM_LMOD = (
    "/usr/share/lmod/lmod/libexec/lmod",  # Debian, Ubuntu
    "/usr/share/lmod/libexec/lmod",
    "/usr/share/Lmod/libexec/lmod",
    "/opt/apps/lmod/lmod/libexec/lmod",  # Lmod's own installer
    "/usr/local/lmod/lmod/libexec/lmod",
)
# What `shells/Python.lua` of Lmod writes. Its strings are Lua's (`%q`), not Python's: a newline is a backslash and a
# newline, which Python would drop, and control characters are decimal, which Python would take for octal.
_STRING = r"""("(?:[^"\\]|\\.)*"|'')"""
_STATEMENT = re.compile(
    rf"\s*(?:import os|os\.environ\[{_STRING}\] = {_STRING}|del os\.environ\[{_STRING}\]|_mlstatus = (True|False))"
    r"[ ;]*(?:\n|\Z)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([0-9]{1,3}|.)", re.DOTALL)
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
        If there is none of them, or the recipe names one that cannot be executed.
    MountError
        If the stack has died since it was looked at.
    """
    if recipe.lmod:
        if os.access(recipe.lmod, os.X_OK):
            return recipe.lmod
        raise LmodMissingError(
            f"Lmod was expected as {recipe.lmod}, and that cannot be executed.",
            advice="Set lmod_command to Lmod's program, or leave it empty.",
        )
    own = recipe.of_release
    candidates = (
        str(Release(_LMOD_OF.get(own.version, own.version), own.root).lmod(machine)),
        str(own.lmod(machine)),
        os.environ.get("LMOD_CMD", ""),
        *SYSTEM_LMOD,
    )
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise_if_dead(recipe.root, str(own.lmod(machine)))
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
    if recipe.site_prefix:
        kept["EESSI_SITE_SOFTWARE_PREFIX"] = recipe.site_prefix
    return kept | {
        "PATH": SYSTEM_PATH,
        "MODULEPATH": str(recipe.of_release.module_root),
        "EESSI_ARCHDETECT_OPTIONS_OVERRIDE": ":".join(chain),
        "EESSI_ACCELERATOR_TARGET_OVERRIDE": f"accel/{recipe.accelerator}" if recipe.accelerator else "",
        # Without it Lmod writes a cache into the home when a cold repository is slow, and then believes it.
        "LMOD_SHORT_TIME": "86400",
        "LMOD_PAGER": "none",
        # Else Lmod takes a module away again for another version of it, and a mixture of generations is loaded.
        "LMOD_DISABLE_SAME_NAME_AUTOSWAP": "yes",
    }


def load_modules(command: str, recipe: Recipe, chain: tuple[str, ...]) -> LmodAnswer:
    """Load the release's EESSI module and then the recipe's modules, and return what Lmod answered.

    Raises
    ------
    ModuleLoadError
        If Lmod does not answer in time, cannot be run, or answers something else than its Python output.
    """
    modules = [recipe.of_release.eessi_module, *recipe.modules]
    try:
        process = subprocess.Popen(
            [command, "python", "load", *modules],
            env=clean_environment(recipe, chain),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise ModuleLoadError(
            f"Lmod's command {command} cannot be run ({error.strerror}).",
            advice="Set the Lmod command to the program itself, such as /usr/share/lmod/lmod/libexec/lmod.",
        ) from error
    try:
        stdout, stderr = process.communicate(timeout=LMOD_SECONDS)
    except subprocess.TimeoutExpired:
        # The session is its own: what Lmod has started goes with it.
        os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)
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
        If *text* holds a statement that Lmod does not write, or a variable that no process can have.
    """
    variables: dict[str, str] = {}
    succeeded = True
    end = 0
    while statement := _STATEMENT.match(text, end):
        name, value, removed, status = statement.groups()
        if name is not None:
            variables[_variable_name(name)] = _unquoted(value)
        elif removed is not None:
            variables.pop(_unquoted(removed), None)
        elif status is not None:
            succeeded = status == "True"
        end = statement.end()
    if rest := text[end:].lstrip():
        line = 1 + text.count("\n", 0, len(text) - len(rest))
        raise ValueError(f"line {line} is not an assignment to a variable")
    if any("\0" in value for value in variables.values()):
        raise ValueError("a variable holds a NUL")
    return variables, succeeded


def _variable_name(quoted: str) -> str:
    name = _unquoted(quoted)
    if not name or "=" in name or "\0" in name:
        raise ValueError(f"{name!r} cannot be a variable's name")
    return name


def _unquoted(quoted: str) -> str:
    return _ESCAPE.sub(_unescaped, quoted[1:-1])


def _unescaped(escape: re.Match[str]) -> str:
    if "0" <= escape[1][0] <= "9":
        return chr(int(escape[1]))
    # Lua 5.1 writes a carriage return as a letter.
    return "\r" if escape[1] == "r" else escape[1]
