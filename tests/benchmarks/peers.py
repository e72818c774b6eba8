"""What others do to give a kernel its modules: jupyter-lmod's and envkernel's own code."""

from __future__ import annotations

import asyncio
import importlib
import os
import resource
import subprocess
import sys
import time
from types import ModuleType

from eessi_spawner.kernels.lmod import clean_environment, find_lmod
from tests.benchmarks.costs import Cost
from tests.benchmarks.subject import Subject

ENVKERNEL = "envkernel==1.1.1"


class JupyterLmod:
    """jupyter-lmod's own function, which loads modules into the environment of the process it is in: the server."""

    def __init__(self, subject: Subject) -> None:
        recipe = subject.real.recipe
        self._modules = (recipe.of_release.eessi_module, *recipe.modules)
        self._environ = clean_environment(recipe, recipe.chain)
        self._path = list(sys.path)
        os.environ["LMOD_CMD"] = find_lmod(recipe, os.uname().machine)
        self._module: ModuleType = importlib.import_module("module")

    def load(self) -> Cost:
        """Load the modules into this process's environment."""
        os.environ.update(self._environ)
        before, started = _cpu_of_children(), time.perf_counter()
        asyncio.run(self._module.module("load", *self._modules))
        cost = Cost(_cpu_of_children() - before, time.perf_counter() - started)
        sys.path[:] = self._path
        if "EBROOTPYTHON" not in os.environ:
            raise RuntimeError("jupyter-lmod loaded nothing")
        return cost


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Envkernel:
    """envkernel's command, installed to a directory of its own."""

    def __init__(self, subject: Subject) -> None:
        recipe = subject.real.recipe
        folder = subject.directory / "envkernel"
        modules = [recipe.of_release.eessi_module, *recipe.modules]
        kernel = ["--", "python", "-m", "ipykernel_launcher"]
        lmod = find_lmod(recipe, os.uname().machine)
        self.environ = {
            **clean_environment(recipe, recipe.chain),
            "LMOD_PKG": os.path.dirname(os.path.dirname(lmod)),
        }
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), ENVKERNEL]
        subprocess.run(install, check=True)
        self.command = [sys.executable, str(folder / "envkernel.py"), "lmod", "run", *modules, *kernel]
