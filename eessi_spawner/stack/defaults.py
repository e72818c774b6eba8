"""The environments that are offered where a site lists none: one for each generation with a kernel.

An environment gets only those modules that the mounted tree really has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.generations import GENERATIONS
from eessi_spawner.stack.mounted import StackReading


def default_modules() -> dict[str, tuple[str, ...]]:
    """Return release to the modules that its default environments can have: what to look for in a tree."""
    wanted: dict[str, tuple[str, ...]] = {}
    for generation in GENERATIONS:
        wanted[generation.release] = (*wanted.get(generation.release, ()), *generation.modules)
    return wanted


def default_environments(reading: StackReading) -> tuple[Environment, ...]:
    """Return one environment for each generation that the tree has a kernel for, newest release first."""
    environments = []
    for release in reading.releases:
        for generation in GENERATIONS:
            if generation.release == release.version and generation.kernel_module in release.modules:
                python = true_versions(generation.name, reading.sample).get("python", generation.python)
                modules = tuple(sorted(set(generation.modules) & set(release.modules)))
                environments.append(
                    Environment(
                        name=f"{release.version}-python-{generation.name}",
                        title=f"Python {python} ({generation.name})",
                        release=release.version,
                        modules=modules,
                    )
                )
    return tuple(environments)


def true_versions(generation: str | None, sample: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a sample stack really has in *generation* (`python`, `numpy`, ...); empty for EESSI itself."""
    generations = sample.get("generations")
    true = generations.get(generation) if isinstance(generations, Mapping) else None
    return true if isinstance(true, Mapping) else {}
