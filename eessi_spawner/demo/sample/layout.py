"""Lays out what surrounds the modules: the module `EESSI`, a compatibility layer, and Lmod's files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from eessi_spawner.demo.sample.commands import Workshop, run_command
from eessi_spawner.errors import SetUpError
from eessi_spawner.stack.cpu_targets import CpuTarget, parse_cpu_target

EESSI_MODULE = Path(__file__).with_name("eessi_module.lua")

# EESSI's default, which is not its newest.
_DEFAULT_RELEASE = "2023.06"

# A sample is built for the CPU of the machine it is built on, which was detected then.
_ARCHDETECT = """#!/bin/sh
if [ -n "$EESSI_SOFTWARE_SUBDIR_OVERRIDE" ]; then echo "$EESSI_SOFTWARE_SUBDIR_OVERRIDE"; exit 0; fi
echo {chain}
"""
_LMODRC = """propT = {{}}
scDescriptT = {{
  {{
    ["dir"] = "{cache}",
    ["timestamp"] = "{cache}/timestamp",
  }},
}}
"""
_SITE_PACKAGE = """-- EESSI's file refuses modules here that need a GPU or a licence; a sample has none.
"""


def find_target(root: Path, release: str, cpu_target: str) -> Path:
    """Return the directory of a release's builds for one CPU target."""
    return root / "versions" / release / "software" / "linux" / cpu_target


def lay_out_root(root: Path, cpu_targets: Mapping[str, str]) -> None:
    """Write everything but the modules of software: what they stand in and what leads to them."""
    (root / "host_injections").mkdir(parents=True)
    modules = root / "init" / "modules" / "EESSI"
    modules.mkdir(parents=True)
    default = _DEFAULT_RELEASE if _DEFAULT_RELEASE in cpu_targets else min(cpu_targets)
    (modules / ".modulerc.lua").write_text(f'module_version("EESSI/{default}", "default")\n', encoding="utf-8")
    for release, cpu_target in cpu_targets.items():
        versions = root / "versions" / release
        _write_init(versions / "init", release, parse_cpu_target(cpu_target))
        (modules / f"{release}.lua").symlink_to(
            os.path.relpath(versions / "init/modules/EESSI" / f"{release}.lua", modules)
        )
        target = find_target(root, release, cpu_target)
        (target / "software").mkdir(parents=True)
        (target / "modules" / "all").mkdir(parents=True)


def lay_out_compat_layer(root: Path, *, release: str, cpu_target: str, lmod: Path) -> None:
    """Give *release* a compatibility layer, which has nothing but the machine's own Lmod."""
    family = cpu_target.split("/", 1)[0]
    compat = root / "versions" / release / "compat" / "linux" / family
    (compat / "usr" / "bin").mkdir(parents=True)
    (compat / "usr" / "share").mkdir()
    (compat / "usr" / "share" / "Lmod").symlink_to(lmod)


def write_lmod_files(target: Path, workshop: Workshop) -> None:
    """Give Lmod its cache of the modules in *target*, made by its own tool, and the files that lead to it."""
    _remove_class_links(target / "modules")
    folder = target / ".lmod"
    cache = folder / "cache"
    cache.mkdir(parents=True)
    (folder / "lmodrc.lua").write_text(_LMODRC.format(cache=cache), encoding="utf-8")
    (folder / "SitePackage.lua").write_text(_SITE_PACKAGE, encoding="utf-8")
    libexec = workshop.lmod / "libexec"
    tool = libexec / "update_lmod_system_cache_files"
    argv = [str(tool), "-d", str(cache), "-t", str(cache / "timestamp"), str(target / "modules" / "all")]
    environment = {
        "PATH": f"{libexec}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(workshop.scratch),
        "LMOD_DIR": str(libexec),
    }
    outcome = run_command(argv, environment=environment, stop=workshop.stop)
    if outcome.code != 0 or not (cache / "spiderT.lua").is_file():
        raise SetUpError(
            f"Lmod could not make a cache of the modules in {target}.",
            advice=f"Its words are below; it needs {tool}, bash and Lua.",
            details=outcome.words,
        )


def _write_init(init: Path, release: str, cpu_target: CpuTarget) -> None:
    modules = init / "modules" / "EESSI"
    modules.mkdir(parents=True)
    shutil.copyfile(EESSI_MODULE, modules / f"{release}.lua")
    script = init / "eessi_archdetect.sh"
    chain = ":".join(target.path for target in cpu_target.fallback_chain)
    script.write_text(_ARCHDETECT.format(chain=chain), encoding="utf-8")
    script.chmod(0o755)


def _remove_class_links(modules: Path) -> None:
    """Remove EasyBuild's folders of links by kind of software, which EESSI does not have."""
    for folder in modules.iterdir():
        if folder.name != "all":
            shutil.rmtree(folder)
