"""An environment as a Jupyter kernel spec. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eessi_spawner.kernels.promise import built_for, is_broken
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
    """A kernel spec: its directory's name, the recipe beside it, and what `kernel.json` says.

    `promised` is the CPU target that it is pinned to, else the one that its pool promises, else empty; the promise is
    `broken` where the machine's CPU surely does not run the builds for it.
    """

    name: str
    recipe: Recipe
    display_name: str
    environment: Environment
    promised: str = ""
    broken: bool = False

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

    Raises
    ------
    InvalidChoiceError
        If the environment is pinned to what is no CPU target.
    """
    pin = settings.targets.get(environment.name, settings.cpu_target)
    seen: tuple[CpuTarget, ...] = host.chain if host else ()
    chain = parse_cpu_target(pin).fallback_chain if pin else seen
    promised = pin or settings.promised
    # What counts is what EESSI has built: a promise of zen5 is kept by zen4 in a release without builds for zen5.
    builds = built_for(environment.release, CpuTarget(promised).fallback_chain).path if promised else ""
    broken = is_broken(builds, [target.path for target in seen])
    recipe = make_recipe(
        environment,
        root=settings.root,
        chain=tuple(target.path for target in chain),
        accelerator=host.accelerator if host else "",
        lmod=settings.lmod,
        site_prefix=settings.site_prefix,
        detected=host.target.path if host else "",
    )
    # One that is pinned will not start, and says why; else it runs, and says with what.
    other = built_for(environment.release, seen).path if broken and not pin else ""
    shown = display_name(environment, settings.sample, builds=other)
    return KernelSpec(f"{SPEC_PREFIX}{environment.key}", recipe, shown, environment, promised, broken)


def side_by_side(
    given: Iterable[KernelSpec], own: Iterable[KernelSpec], *, saved: Collection[str], were_own: Collection[str]
) -> list[KernelSpec]:
    """Return the kernels of a server: those that it was *given*, and those that its user has saved since, each once.

    Parameters
    ----------
    own
        Of saved environments that run here.
    saved
        The keys of all that is saved now.
    were_own
        The names of given ones that the user had saved: they go when they are saved no longer.
    """
    kernels = {
        spec.name: spec for spec in given if spec.environment.name not in were_own or spec.environment.key in saved
    }
    for spec in own:
        known = kernels.get(spec.name)
        # A title may be new; builds that the hub has chosen for this node stay.
        if known is None or (known.environment.name in were_own and known.recipe.key == spec.recipe.key):
            kernels[spec.name] = spec
    return list(kernels.values())


def display_name(environment: Environment, sample: Mapping[str, Any], *, builds: str = "") -> str:
    """Return what people see: title and release, *builds* if not those promised, and what is true of a sample."""
    notes = [f"{builds.rpartition('/')[2]} builds"] if builds else []
    if sample:
        notes += _sample_notes(environment, sample)
    name = f"{environment.title} · EESSI {environment.release}"
    return f"{name} ({', '.join(notes)})" if notes else name


def _sample_notes(environment: Environment, sample: Mapping[str, Any]) -> list[str]:
    true = true_versions(environment.generation, sample)
    python = true.get("python", sample.get("interpreter", ""))
    notes = ["sample"]
    if python and python not in environment.title:
        notes.append(f"Python {python}")
    if true.get("numpy") != true.get("numpy_of_module"):
        notes.append(f"numpy {true.get('numpy')} for {true.get('numpy_of_module')}")
    return notes
