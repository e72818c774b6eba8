"""Each verdict has a sentence that says what a server gets."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.offer import Verdict
from eessi_spawner.placement.offers import make_offers
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.stack.accelerators import PUBLISHED_ACCELERATORS
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.releases import PUBLISHED_TARGETS

RELEASES = {release: frozenset(targets) for release, targets in PUBLISHED_TARGETS.items()}
NODE = Resources(16, 2**36, {"nvidia.com/gpu": 1})
CPUS = Resources(16, 2**36)
GPU = Request(Resources(1, 2**30, {"nvidia.com/gpu": 1}))
WORKS, LESS, WAITS, CANNOT = Verdict


def state(target: str, *rooms: Resources, count: bool = True, **pool: Any) -> PoolState:
    own = CpuTarget(target) if target else None
    size = NODE if NODE in rooms else CPUS
    return PoolState(NodePool("p", own, own.machine if own else "", **pool), rooms if count else None, sizes=(size,))


def amd(*names: str) -> frozenset[str]:
    return frozenset(f"x86_64/amd/{name}" for name in names)


Z4, Z5, A64FX, NONE = "x86_64/amd/zen4", "x86_64/amd/zen5", "aarch64/a64fx", Resources()
UP = {"max_nodes": 2}
# The pool, what the server asks for, what "SciPy" and "Dask" are built for (None: Dask is not offered), how long new
# nodes took; the verdict and the sentence.
Row = tuple[PoolState, Request, frozenset[str] | None, frozenset[str] | None, list[float], Verdict, str]
ALL, ASK = amd("zen2", "zen3", "zen4"), Request(Resources(1, 2**30))
TABLE: list[Row] = [
    (state(Z4, CPUS, CPUS, CPUS), ASK, ALL, None, [], WORKS, "zen4 builds, 3 nodes free"),
    (state(Z4, CPUS, NONE), ASK, ALL, ALL, [], WORKS, "zen4 builds, 1 node free"),
    (state(Z4, count=False), ASK, ALL, None, [], WORKS, "zen4 builds"),
    (state("", CPUS), ASK, ALL, None, [], WORKS, "the best builds there are for its CPUs, 1 node free"),
    (state(A64FX, CPUS), ASK, frozenset({A64FX}), None, [], WORKS, "a64fx builds, 1 node free"),
    (
        *(state("aarch64/generic", CPUS), ASK, frozenset({"aarch64/generic"}), None, [], WORKS),
        "generic aarch64 builds, 1 node free",
    ),
    (
        *(state(Z4, CPUS), ASK, amd("zen3"), None, [], LESS),
        "zen4 nodes, EESSI 2023.06 has zen3 builds, 1 node free",
    ),
    (state(Z5, CPUS), ASK, ALL, ALL, [], LESS, "zen5 nodes, EESSI 2023.06 has zen4 builds, 1 node free"),
    (state(Z4, CPUS), ASK, ALL, amd("zen2"), [], LESS, "zen4 builds, zen2 builds of Dask, 1 node free"),
    (state(Z4, CPUS), ASK, ALL, frozenset(), [], WORKS, "zen4 builds, 1 of 2 environments, 1 node free"),
    (state(Z4, NONE), ASK, ALL, None, [], WAITS, "zen4 builds; no free node now; waits until one is free"),
    (
        *(state(Z4, NONE, max_nodes=1), ASK, ALL, None, [180, 300], WAITS),
        "zen4 builds; no free node now; waits until one is free",
    ),
    (state(Z4, NONE, **UP), ASK, ALL, None, [], WAITS, "zen4 builds; no free node now; a new one is started"),
    (
        *(state(Z4, NONE, **UP), ASK, ALL, None, [190.0, 350.0, 200.0], WAITS),
        "zen4 builds; no free node; the last ones took 3 to 6 minutes",
    ),
    (
        *(state(Z4, NONE, **UP), ASK, ALL, None, [50, 110], WAITS),
        "zen4 builds; no free node; the last ones took 1 to 2 minutes",
    ),
    (
        *(state(Z4, **UP), ASK, ALL, None, [240], WAITS),
        "zen4 builds; no free node; the last ones took 4 minutes",
    ),
    (
        *(state(Z4, **UP), ASK, ALL, None, [20, 55], WAITS),
        "zen4 builds; no free node; the last ones took a minute at most",
    ),
    (
        *(state(Z4, NONE, **UP), ASK, amd("zen3"), None, [190, 350], WAITS),
        "zen4 nodes, EESSI 2023.06 has zen3 builds; no free node; the last ones took 3 to 6 minutes",
    ),
    (
        *(state(Z4, NODE, accelerators=("nvidia/cc80",)), GPU, ALL, None, [], WORKS),
        "zen4 builds, cc80 GPU builds, 1 node free",
    ),
    (
        *(state(Z4, NODE, accelerators=("nvidia/cc86",)), GPU, ALL, None, [], WORKS),
        "zen4 builds, cc80 GPU builds, 1 node free",
    ),
    (
        *(state(Z4, NODE, accelerators=("nvidia/cc60",)), GPU, ALL, None, [], WORKS),
        "zen4 builds, 1 node free; EESSI 2023.06 has no builds for cc60, its CPU builds run",
    ),
    (
        *(state(A64FX, NODE, accelerators=("nvidia/cc80",)), GPU, frozenset({A64FX}), None, [], WORKS),
        "a64fx builds, 1 node free; EESSI 2023.06 has no builds for cc80, its CPU builds run",
    ),
    (
        *(state(Z4, NODE, accelerators=("nvidia/cc80",)), ASK, ALL, None, [], CANNOT),
        "its GPUs are kept for servers that ask for one",
    ),
    (
        *(state(Z4, CPUS), ASK, frozenset({A64FX}), None, [], CANNOT),
        "EESSI 2023.06 lacks some of its modules for x86_64/amd/zen4 or older",
    ),
    (
        *(state("ppc64le/power9le", CPUS), ASK, None, None, [], CANNOT),
        "EESSI 2023.06 has no builds for ppc64le/power9le",
    ),
    (
        *(state(Z4, CPUS, taints=(Taint("a"),)), ASK, ALL, None, [], CANNOT),
        "its taint a:NoSchedule is not tolerated",
    ),
]


@pytest.mark.parametrize(("state", "request_", "scipy", "dask", "waited", "verdict", "sentence"), TABLE)
def test_an_offer_says(  # noqa: PLR0913, PLR0917  (a row of the table)
    state: PoolState,
    request_: Request,
    scipy: frozenset[str] | None,
    dask: frozenset[str] | None,
    waited: list[float],
    verdict: Verdict,
    sentence: str,
) -> None:
    environments = [Environment("s", "SciPy", "2023.06", ()), Environment("d", "Dask", "2023.06", ())]
    builds = Builds(RELEASES, {"s": scipy, "d": dask}, PUBLISHED_ACCELERATORS)
    offered = environments if dask is not None else environments[:1]
    (offer,) = make_offers([state], offered, request_, builds, waits={"p": waited})
    assert (offer.sentence, offer.verdict) == (sentence, verdict)
