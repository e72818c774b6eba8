"""Which builds of an environment run on a pool's CPUs.

EESSI takes one directory for all modules of a release: of the CPU's fallback chain the first that the release has
(`init/modules/EESSI/2023.06.lua`). Where that one lacks a module, an older directory can still have all of them; then
the kernel must be told which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from eessi_spawner.placement.pool import NodePool
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment


@dataclass(frozen=True)
class Build:
    """What an environment runs on a pool's CPUs, or why it does not.

    Attributes
    ----------
    target
        Whose builds; None: not known here, the kernel finds out on its node.
    is_native
        Whether EESSI takes them by itself there. If not, the kernel must be given the target's fallback chain.
    is_less
        Whether they are for an older CPU than the pool has, or than the server is pinned to.
    reason
        Why it does not run; empty if it does.
    """

    target: CpuTarget | None = None
    is_native: bool = True
    is_less: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Builds:
    """What exists of EESSI, and where.

    Attributes
    ----------
    releases
        Release to the CPU targets that it has; a release that is not listed is not known, and taken to be there.
    modules
        Environment's name to the CPU targets that have all its modules. None, or not listed: not known, as with a
        site's own modules.
    accelerators
        Release to the GPU targets that it has; not listed: not known.
    """

    releases: Mapping[str, frozenset[str]]
    modules: Mapping[str, frozenset[str] | None] = field(default_factory=lambda: MappingProxyType({}))
    accelerators: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))

    def build_for(self, environment: Environment, pool: NodePool, pin: CpuTarget | None = None) -> Build:
        """Return what *environment* runs on *pool*, whose CPUs run *pin* where one is given."""
        there = self.releases.get(environment.release)
        if there is None:
            return Build(is_native=pin is None)
        wanted = pin or pool.cpu_target
        if wanted is None:
            return self._on_unknown_cpus(environment, pool, there)
        existing = [target for target in wanted.fallback_chain if target.path in there]
        if not existing:
            return Build(reason=f"EESSI {environment.release} has no builds for {wanted}")
        complete = self.modules.get(environment.name)
        built = [target for target in existing if complete is None or target.path in complete]
        if not built:
            older = "" if len(existing) == 1 else " or older"
            return Build(reason=f"EESSI {environment.release} lacks some of its modules for {wanted}{older}")
        is_native = pin is None and built[0] == existing[0] and not _is_missed(pool, there, complete)
        return Build(built[0], is_native=is_native, is_less=built[0] != wanted)

    def _on_unknown_cpus(self, environment: Environment, pool: NodePool, there: frozenset[str]) -> Build:
        """Return the build where each kernel takes the best for its node: only the machine type can speak against."""
        complete = self.modules.get(environment.name)
        if pool.machine and not _of(pool.machine, there):
            return Build(reason=f"EESSI {environment.release} has no builds for {pool.machine}")
        if complete is not None and not _of(pool.machine, complete):
            cpu = pool.machine or "any CPU"
            return Build(reason=f"EESSI {environment.release} lacks some of its modules for {cpu}")
        return Build()


def _of(machine: str, targets: frozenset[str]) -> bool:
    """Say whether there is one of *targets* for *machine*; empty: for any."""
    return any(not machine or CpuTarget(path).machine == machine for path in targets)


def _is_missed(pool: NodePool, there: frozenset[str], complete: frozenset[str] | None) -> bool:
    """Say whether a node may take a directory that lacks modules.

    A pool is declared by what all of its nodes run, so that EESSI may find more on some of them.
    """
    if complete is None or pool.cpu_target is None or not pool.is_declared:
        return False
    return any(CpuTarget(path).runs(pool.cpu_target) for path in there - complete)
