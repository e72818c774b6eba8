"""An environment as a Jupyter kernel spec. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eessi_spawner.kernels.recipe import Recipe, make_recipe
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.stack.cpu_targets import CpuTarget, parse_cpu_target
from eessi_spawner.stack.defaults import true_versions
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import Host

LAUNCHER = Path(__file__).with_name("launcher.py")
SPEC_PREFIX = "eessi-"


@dataclass(frozen=True)
class KernelSpec:
    """A kernel spec: its directory's name, the recipe beside it, and what `kernel.json` says."""

    name: str
    recipe: Recipe
    display_name: str
    environment: Environment

    def kernel_json(self, *, python: str, recipe_file: Path) -> dict[str, Any]:
        """Return the content of `kernel.json`.

        The command is absolute throughout: jupyter_client replaces a bare `python` by the server's own.
        """
        return {
            "argv": [
                python,
                "-IS",
                str(LAUNCHER),
                str(recipe_file),
                self.recipe.key,
                "-f",
                "{connection_file}",
            ],
            "display_name": self.display_name,
            "language": self.environment.language,
            "interrupt_mode": "signal",
            "metadata": {
                "debugger": True,
                "eessi": {
                    "environment": self.environment.name,
                    "release": self.environment.release,
                    "modules": list(self.environment.modules),
                    "cpu_target": self.recipe.chain[0] if self.recipe.chain else "",
                },
            },
        }


def make_spec(environment: Environment, settings: KernelSettings, host: Host | None) -> KernelSpec:
    """Return the spec of *environment*.

    Parameters
    ----------
    host
        The machine that kernels will run on; None if that is not known yet, then the launcher detects it.
    """
    chain: tuple[CpuTarget, ...] = host.chain if host else ()
    if settings.cpu_target:
        chain = parse_cpu_target(settings.cpu_target).fallback_chain
    recipe = make_recipe(
        environment,
        root=settings.root,
        chain=tuple(target.path for target in chain),
        accelerator=host.accelerator if host else "",
        lmod=settings.lmod,
        site_prefix=settings.site_prefix,
    )
    name = f"{SPEC_PREFIX}{environment.key}"
    return KernelSpec(name, recipe, display_name(environment, settings.sample), environment)


def display_name(environment: Environment, sample: Mapping[str, Any]) -> str:
    """Return what people see: title and release and, for a sample, which versions are true."""
    name = f"{environment.title} · EESSI {environment.release}"
    if not sample:
        return name
    true = true_versions(environment.generation, sample)
    python = true.get("python", sample.get("interpreter", ""))
    notes = ["sample"]
    if python and python not in environment.title:
        notes.append(f"Python {python}")
    if true.get("numpy") != true.get("numpy_of_module"):
        notes.append(f"numpy {true.get('numpy')} for {true.get('numpy_of_module')}")
    return f"{name} ({', '.join(notes)})"
