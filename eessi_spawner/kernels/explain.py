"""Explains how a kernel starts, step by step, as the launcher would go."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from eessi_spawner.errors import EESSIError
from eessi_spawner.kernels.gpu_driver import describe_driver
from eessi_spawner.kernels.launcher import read_snapshot
from eessi_spawner.kernels.lmod import find_lmod
from eessi_spawner.kernels.promise import read_seen
from eessi_spawner.kernels.resolve import check_mount, detected_chain, resolve
from eessi_spawner.kernels.specs import KernelSpec


@dataclass(frozen=True)
class Step:
    """One step: whether it succeeded, and a line that says what was found or what to do."""

    succeeded: bool
    text: str


def explain(spec: KernelSpec) -> Iterator[Step]:
    """Go through all that starts the kernel of *spec*, and stop at the first step that fails."""
    recipe = spec.recipe
    machine = os.uname().machine
    try:
        yield Step(True, f"environment '{recipe.title}' of EESSI {recipe.release}: {', '.join(recipe.modules)}")
        check_mount(recipe)
        yield Step(True, f"the stack at {recipe.root} answers")
        chain = recipe.chain or detected_chain(machine)
        yield Step(True, f"CPU targets, best first: {', '.join(chain)}")
        if spec.promised:
            yield Step(True, promise_text(spec, read_seen(machine)))
        if driver := describe_driver(recipe.of_release, recipe.site_prefix):
            yield Step(True, driver)
        yield Step(True, f"Lmod is {find_lmod(recipe, machine)}")
        started = time.perf_counter()
        resolved = resolve(recipe)
        loaded = resolved.variables.get("LOADEDMODULES", "").count(":") + 1
        seconds = time.perf_counter() - started
        yield Step(True, f"{loaded} modules of {resolved.target} loaded in {seconds:.2f} s")
        yield Step(True, f"the kernel is {' '.join(resolved.command)}")
        kept = read_snapshot(f"{recipe.key}@{os.uname().nodename}") is not None
        yield Step(True, f"snapshot {recipe.key}: {'kept, the next start is fast' if kept else 'not kept yet'}")
    except EESSIError as error:
        yield Step(False, f"{error} [{error.code}]" + (f"\n{error.details}" if error.details else ""))


def promise_text(spec: KernelSpec, seen: tuple[str, ...]) -> str:
    """Return what *spec* was promised, and whether a CPU that runs the targets *seen* keeps it."""
    if not seen:
        return f"promised: {spec.promised}; /proc/cpuinfo does not tell what this CPU runs"
    if not spec.broken:
        return f"promised: {spec.promised}, and this CPU runs {seen[0]}"
    return f"promised: {spec.promised}, but this CPU runs at most {seen[0]}: the node's labels or its pool are wrong"
