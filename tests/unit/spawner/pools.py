"""Pools with room, as the inventory of a cluster gives them, and what a catalogue has for their CPUs."""

from __future__ import annotations

from typing import Any

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.spawner.cpus import Placing
from eessi_spawner.spawner.offers import EnvironmentOffer, Offers
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment

NODE = Resources(cpu=8, memory=2**35)
ENVIRONMENTS = tuple(
    Environment(name, f"Python of {name}", release, ("A/1-gfbf-2025b",))
    for name, release in (("new-a", "2025.06"), ("new-b", "2025.06"), ("old-a", "2023.06"))
)
_ALL = frozenset(f"x86_64/{name}" for name in ("generic", "amd/zen2", "amd/zen3", "amd/zen4", "intel/icelake"))
# The older release has no builds for zen4, and one environment lacks modules for it.
BUILDS = Builds(
    {"2025.06": _ALL | {"aarch64/generic", "aarch64/neoverse_v1"}, "2023.06": _ALL - {"x86_64/amd/zen4"}},
    {"new-b": _ALL - {"x86_64/amd/zen4"}},
    {"2025.06": ("nvidia/cc80",), "2023.06": ()},
)


def state(name: str, target: str = "", *, free: int | None = None, **more: Any) -> PoolState:
    """Return a pool, *free* nodes of which are empty; None: nobody counts."""
    declared = {"name": name, "node_selector": {"pool": name}, **({"cpu_target": target} if target else {}), **more}
    (pool,) = parse_pools([declared])
    return PoolState(pool, None if free is None else (NODE,) * free)


def found(name: str, target: str, *, free: int) -> PoolState:
    """Return a pool as labels give it, whose name may be anything here."""
    cpu = CpuTarget(target)
    return PoolState(NodePool(name, cpu, cpu.machine), (NODE,) * free)


def offers(*states: PoolState, **more: Any) -> Offers:
    """Return what is offered where these pools are."""
    placing = Placing(states, BUILDS, **more)
    return Offers("", tuple(map(EnvironmentOffer, ENVIRONMENTS)), builds=BUILDS, placing=placing)
