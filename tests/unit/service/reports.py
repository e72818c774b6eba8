"""Reports of spawns as the hub sends them, and facts of its pools, for tests."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.facts import PlacementFacts
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.stack.cpu_targets import CpuTarget

GIB = 2**30
ROOM, FULL = Resources(8, 32 * GIB), Resources(0.5, 32 * GIB)


def ago(**of: float) -> str:
    return (datetime.now(tz=timezone.utc) - timedelta(**of)).isoformat()


def report(**changed: Any) -> dict[str, Any]:
    """Return one spawn as the hub reports it."""
    return {
        "id": "0" * 32,
        "user": "ada",
        "server": "",
        "at": ago(minutes=5),
        "result": "ready",
        "code": "",
        "pool": "zen3",
        "release": "2025.06",
        "environments": ["0123456789ab"],
        "seconds": 12.5,
        **changed,
    }


def reports(count: int, **changed: Any) -> list[dict[str, Any]]:
    return [report(id=uuid.uuid4().hex, **changed) for _ in range(count)]


def pool(name: str, target: str, *rooms: Resources, **of: Any) -> PoolState:
    """Return a pool whose nodes have 8 cores, as far as any are there."""
    return PoolState(NodePool(name, CpuTarget(target), "x86_64", node=ROOM, **of), rooms, sizes=(ROOM,) * bool(rooms))


# Free nodes, a full pool that grows, one for a group, one that nothing goes to.
FACTS = PlacementFacts(
    (
        pool("zen3", "x86_64/amd/zen3", ROOM, ROOM, FULL),
        pool("icelake", "x86_64/intel/icelake", FULL, max_nodes=4),
        pool("physics", "x86_64/amd/zen4", ROOM, allowed_groups=frozenset({"physics"})),
        pool("tainted", "x86_64/amd/zen2", ROOM, taints=(Taint("maintenance"),)),
    ),
    Request(Resources(1, 2 * GIB), machines=("x86_64",)),
    {"icelake": (200.0, 235.0)},
)
