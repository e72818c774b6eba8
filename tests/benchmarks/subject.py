"""What is measured: the newest environment of the sample, and a copy whose interpreter does nothing."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.demo.stack import sample_stack
from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.lmod import clean_environment, find_lmod
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.kernels.specs import LAUNCHER, KernelSpec, make_spec
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.host import Host, read_host
from eessi_spawner.stack.mount import ask_stack

GENERATION = "2025b"
NOTHING = "/bin/true"


@dataclass(frozen=True)
class Subject:
    """An environment whose interpreter does nothing, so that only the way up to it is measured; and the real one."""

    idle: KernelSpec
    real: KernelSpec
    directory: Path

    @property
    def data(self) -> Path:
        """The data path with the spec of the real one."""
        return self.directory / "real"

    @property
    def snapshots(self) -> Path:
        return self.directory / f"eessi-spawner-snapshots-{os.getuid()}"

    @property
    def launch(self) -> list[str]:
        """The command of the idle kernel."""
        recipe = self.directory / "idle" / "kernels" / self.idle.name / "recipe.json"
        return [sys.executable, "-IS", str(LAUNCHER), str(recipe), self.idle.recipe.key, "-f", "none"]

    @property
    def environ(self) -> dict[str, str]:
        """The environment to launch in."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "EESSI_SPAWNER_RUNTIME_DIR": str(self.directory),
        }

    @property
    def lmod(self) -> list[str]:
        """The command that has Lmod load what the launcher has it load."""
        recipe = self.idle.recipe
        command = find_lmod(recipe, os.uname().machine)
        return [command, "python", "load", recipe.of_release.eessi_module, *recipe.modules]

    @property
    def lmod_environ(self) -> dict[str, str]:
        return clean_environment(self.idle.recipe, self.idle.recipe.chain)

    def forget(self) -> None:
        """Take all snapshots away."""
        shutil.rmtree(self.snapshots, ignore_errors=True)


def make_subject(directory: Path) -> Subject:
    """Prepare what is measured, with all its files in *directory*."""
    host = read_host()
    root = sample_stack(host)
    copy = _copy_modules(root, directory / "software.eessi.io")
    (directory / "ipython").mkdir()
    os.environ["IPYTHONDIR"] = str(directory / "ipython")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(directory)
    subject = Subject(_spec(copy, host), _spec(root, host), directory)
    write_specs(directory / "idle" / "kernels", [subject.idle])
    write_specs(subject.data / "kernels", [subject.real])
    return subject


def _spec(root: Path, host: Host) -> KernelSpec:
    reading = ask_stack(str(root), host.chain, default_modules())
    (environment,) = (found for found in default_environments(reading) if found.generation == GENERATION)
    return make_spec(environment, KernelSettings(root=str(root), sample=reading.sample), host)


def _copy_modules(root: Path, copy: Path) -> Path:
    """Copy the module files of *root*, which hold paths, to *copy*; all software but the interpreter is left out."""
    kept = (*root.glob("init/modules/EESSI/*"), *root.glob("versions/2025.06/software/**/modules/all/*/*.lua"))
    for file in (*kept, *root.glob("versions/2025.06/software/**/.lmod/*.lua")):
        target = copy / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text(encoding="utf-8").replace(str(root), str(copy)), encoding="utf-8")
    for file in root.glob("versions/2025.06/software/**/.lmod/cache/timestamp"):
        target = copy / file.relative_to(root)
        target.parent.mkdir()
        target.touch()
    for file in root.glob("versions/2025.06/software/**/software/Python/*/bin/python"):
        target = copy / file.relative_to(root)
        target.parent.mkdir(parents=True)
        target.symlink_to(NOTHING)
    (copy / "versions" / "2025.06" / "compat").symlink_to(root / "versions" / "2025.06" / "compat")
    return copy
