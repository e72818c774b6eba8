"""Has EasyBuild write the module files of a generation's closure: the real ones, with nothing built."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from eessi_spawner.demo.sample.closures import SampleGeneration
from eessi_spawner.demo.sample.commands import Workshop, run_command
from eessi_spawner.errors import SetUpError

_HOOKS = Path(__file__).with_name("easybuild_hooks.py")
_WRITTEN = re.compile(r"^\s*>> generating module file @ .*/modules/all/(?P<module>.+)\.lua$")

# What EESSI takes from its compatibility layer, so that no module of EESSI depends on it.
_FROM_COMPAT_LAYER = (
    "Autoconf", "Automake", "Autotools", "binutils", "bzip2", "cURL", "DBus", "flex", "gettext", "gperf",
    "help2man", "intltool", "libreadline", "libtool", "M4", "makeinfo", "ncurses", "util-linux", "XZ", "zlib",
)  # fmt: skip


def find_easybuild_version() -> str:
    """Return the version of the EasyBuild that is installed beside this package.

    Raises
    ------
    SetUpError
        Where there is none.
    """
    try:
        metadata.version("easybuild-easyconfigs")
        return metadata.version("easybuild-framework")
    except metadata.PackageNotFoundError as error:
        raise SetUpError(
            "The sample stack's module files are written by EasyBuild, which is not installed.",
            advice=f"Install it beside this package: {sys.executable} -m pip install 'eessi-spawner[demo]'",
        ) from error


def write_module_files(
    generation: SampleGeneration, *, target: Path, workshop: Workshop, on_module: Callable[[str], None]
) -> None:
    """Write the module files of *generation* below `<target>/modules/all`.

    *on_module* hears the name of each, e.g. `numpy/2.3.2`. Two runs on the same *target* at once would meet
    at modules that both closures have, and EasyBuild refuses what is locked.
    """
    scratch = workshop.scratch / f"easybuild-{generation.name}"
    (scratch / "tmp").mkdir(parents=True)

    def hear(line: str) -> None:
        module = parse_written(line)
        if module is not None:
            on_module(module)

    argv = [sys.executable, "-m", "easybuild.main", *_options(generation, target=target, scratch=scratch)]
    environment = _environment(scratch, workshop.lmod)
    outcome = run_command(argv, environment=environment, stop=workshop.stop, on_line=hear)
    missing = [name for name in _wanted(generation) if not (target / "modules/all" / f"{name}.lua").is_file()]
    if outcome.code != 0 or missing:
        raise SetUpError(
            f"EasyBuild could not write the module files of {generation.name}.",
            advice="Its words are below; if they name an easyconfig that is not found, upgrade EasyBuild.",
            details=outcome.words,
        )


def parse_written(line: str) -> str | None:
    """Return the module whose file EasyBuild says it is writing, or None where *line* says something else."""
    found = _WRITTEN.match(line)
    return found["module"] if found else None


def _wanted(generation: SampleGeneration) -> tuple[str, ...]:
    return (generation.python_module, generation.jupyter_server_module, generation.scipy_bundle_module)


def _options(generation: SampleGeneration, *, target: Path, scratch: Path) -> list[str]:
    filtered = [*_FROM_COMPAT_LAYER, *(["Yasm"] if platform.machine() == "aarch64" else [])]
    options = [
        *generation.easyconfigs,
        "--robot",
        "--module-only",
        "--force",
        "--skip-sanity-check",
        "--ignore-osdeps",
        "--modules-tool=Lmod",
        "--module-syntax=Lua",
        "--suffix-modules-path=all",
        "--filter-env-vars=LD_LIBRARY_PATH",
        f"--filter-deps={','.join(filtered)}",
        f"--prefer-python-search-path={generation.search_path}",
        f"--hooks={_HOOKS}",
        f"--prefix={scratch}",
        f"--tmpdir={scratch / 'tmp'}",
        f"--installpath={target}",
    ]
    if os.geteuid() == 0:
        options.append("--allow-use-as-root-and-accept-consequences")
    return options


def _environment(scratch: Path, lmod: Path) -> dict[str, str]:
    """Return an environment in which neither the user's modules nor the user's EasyBuild have a say."""
    libexec = lmod / "libexec"
    return {
        "HOME": str(scratch),
        "XDG_CONFIG_HOME": str(scratch),
        "XDG_CONFIG_DIRS": str(scratch),
        "LANG": "C.UTF-8",
        "LMOD_CMD": str(libexec / "lmod"),
        "MODULEPATH": "",
        "PATH": f"{libexec}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "EB_SCRIPT_PATH": _find_script(),
        # Else its lines come in bursts, and its last words before the lines that led to them.
        "PYTHONUNBUFFERED": "1",
    }


def _find_script() -> str:
    """Return the path of the `eb` script, beside which EasyBuild looks for its easyconfigs."""
    framework = metadata.distribution("easybuild-framework")
    scripts = [file for file in framework.files or () if file.name == "eb" and file.parent.name == "bin"]
    if scripts:
        return str(Path(str(scripts[0].locate())).resolve())
    return shutil.which("eb") or "eb"
