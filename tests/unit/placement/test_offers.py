"""Offers promise only what a pool can run, and stand in an order that is the same for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.offer import Verdict
from eessi_spawner.placement.offers import best, make_offers
from eessi_spawner.placement.pool import NodePool, PoolState, allowed
from eessi_spawner.placement.request import Request, has_gpu, is_gpu
from eessi_spawner.placement.taints import tolerated
from eessi_spawner.stack.accelerators import PUBLISHED_ACCELERATORS
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.releases import PUBLISHED_TARGETS, known_targets

RELEASES = {release: frozenset(targets) for release, targets in PUBLISHED_TARGETS.items()}
SIZE = Resources(16, 2**36)
SCIPY = Environment("scipy", "SciPy", "2023.06", ())


def state(name: str, target: str = "", rooms: int | None = 1, **pool: Any) -> PoolState:
    path = f"x86_64/amd/{target}" if target.startswith("zen") else target
    cpu = CpuTarget(path) if path else None
    free = None if rooms is None else (SIZE,) * rooms
    return PoolState(NodePool(name, cpu, cpu.machine if cpu else "", **pool), free, sizes=(SIZE,))


def ranked(*states: PoolState, builds: Builds | None = None, **request: Any) -> str:
    offers = make_offers(states, [SCIPY], Request(Resources(1), **request), builds or Builds(RELEASES))
    return " ".join(offer.state.pool.name for offer in offers)


FULL = {"max_nodes": 9}
ZEN3_ONLY = Builds(RELEASES, {"scipy": frozenset({"x86_64/amd/zen3"})})
ORDERED: dict[str, tuple[str, str]] = {
    "better builds first": ("b a c", ranked(state("a", "zen3"), state("b", "zen4"), state("c", "zen2"))),
    "a CPU that is not known last": ("b a", ranked(state("a"), state("b", "x86_64/generic"))),
    "room now before better builds": ("a b", ranked(state("a", "zen3"), state("b", "zen4", rooms=0))),
    "waiting before refusal": (
        "c b a",
        ranked(state("a", "zen4", taints=(Taint("t"),)), state("b", "zen2", rooms=0), state("c", "zen2")),
    ),
    "less before waiting": ("b a", ranked(state("a", "zen4", rooms=0), state("b", "zen5"), builds=ZEN3_ONLY)),
    "less of better builds first": ("b a", ranked(state("a", "zen3"), state("b", "zen5"))),
    "better CPUs where the release is not known": (
        "b c a",
        ranked(state("a", "zen2"), state("b", "zen4"), state("c", "zen3"), builds=Builds({})),
    ),
    "of equal builds the node that has no better": ("b a", ranked(state("a", "zen5"), state("b", "zen4"))),
    "of a pin the pool that fits exactly": (
        "b a c",
        ranked(state("a", "zen4"), state("b", "zen3"), state("c", "zen2"), pin=CpuTarget("x86_64/amd/zen3")),
    ),
    "a pool that is there anyway before one that grows": (
        "b a",
        ranked(state("a", "zen4", rooms=5, **FULL), state("b", "zen4")),
    ),
    "a declared pool before a found one": ("b a", ranked(state("a", "zen4"), state("b", "zen4", is_declared=True))),
    "more room before less": ("b a", ranked(state("a", "zen4"), state("b", "zen4", rooms=2))),
    "counted room before room that nobody counts": ("b a", ranked(state("a", "zen4", rooms=None), state("b", "zen4"))),
    "names last": ("a b", ranked(state("b", "zen4"), state("a", "zen4"))),
}


@pytest.mark.parametrize(("expected", "order"), ORDERED.values(), ids=ORDERED)
def test_the_order_is(expected: str, order: str) -> None:
    assert order == expected


def test_a_newer_release_breaks_a_tie_of_one_pool() -> None:
    environments = [SCIPY, Environment("new", "New", "2025.06", ())]
    offers = make_offers([state("a", "zen4")], environments, Request(), Builds(RELEASES))
    assert [offer.release for offer in offers] == ["2025.06", "2023.06"]
    assert list(offers[0].builds) == ["new"]


def test_an_environment_that_does_not_run_is_refused_with_its_reason() -> None:
    other = Environment("dask", "Dask", "2023.06", ())
    (offer,) = make_offers([state("a", "zen4")], [SCIPY, other], Request(), Builds(RELEASES, {"dask": frozenset()}))
    assert list(offer.builds) == ["scipy"]
    assert offer.refused == {"dask": "EESSI 2023.06 lacks some of its modules for x86_64/amd/zen4 or older"}


def test_a_server_that_asks_for_no_gpu_gets_no_gpu_builds() -> None:
    pool = state("a", "zen4", accelerators=("nvidia/cc80",))
    builds = Builds(RELEASES, accelerators=PUBLISHED_ACCELERATORS)
    (offer,) = make_offers([pool], [SCIPY], Request(pool="a"), builds)
    assert (offer.sentence, offer.accelerator) == ("zen4 builds, 1 node free", "")


def test_the_best_offer_is_one_that_can_run() -> None:
    refusing = state("a", taints=(Taint("t"),))
    waiting = state("b", "zen4", rooms=0)
    assert best(make_offers([refusing], [SCIPY], Request(), Builds(RELEASES))) is None
    found = best(make_offers([refusing, waiting], [SCIPY], Request(), Builds(RELEASES)))
    assert found is not None
    assert found.state == waiting


TARGETS = st.sampled_from([target.path for target in known_targets()])
COUNTS = st.sampled_from([1.0, 2.0, 8.0])
AMOUNTS = st.builds(
    Resources, COUNTS, COUNTS, st.dictionaries(st.sampled_from(["nvidia.com/gpu", "rdma/hca"]), COUNTS, max_size=1)
)
TAINTS = st.lists(st.sampled_from([Taint("a"), Taint("b", "c", "NoExecute")]), max_size=1).map(tuple)
TOLERATIONS = st.lists(st.sampled_from([{"key": "a", "operator": "Exists"}, {"key": "b", "value": "c"}])).map(tuple)
POOLS = st.builds(
    NodePool,
    st.text("abc", min_size=1, max_size=3),
    st.none() | TARGETS.map(CpuTarget),
    machine=st.sampled_from(["", "x86_64", "aarch64"]),
    accelerators=st.sampled_from([(), ("nvidia/cc86",), ("amd/gfx90a",)]),
    taints=TAINTS,
    tolerations=TOLERATIONS,
    node=st.none() | AMOUNTS,
    max_nodes=st.none() | st.integers(0, 3),
    allowed_groups=st.frozensets(st.sampled_from("pq"), max_size=1),
    is_declared=st.booleans(),
)
STATES = st.lists(
    st.builds(
        PoolState, POOLS, st.none() | st.lists(AMOUNTS, max_size=3).map(tuple), st.integers(0, 2),
        st.lists(AMOUNTS, max_size=2).map(tuple),
    ),
    max_size=5,
    unique_by=lambda found: found.pool.name,
)  # fmt: skip
REQUESTS = st.builds(
    Request,
    AMOUNTS,
    TOLERATIONS,
    pool=st.sampled_from(["", "a"]),
    pin=st.none() | TARGETS.map(CpuTarget),
    machines=st.sampled_from([(), ("x86_64",)]),
)
ENVIRONMENTS = [
    Environment(f"{release}-{name}", name, release, ())
    for release in ("2023.06", "2025.06", "2099.01")
    for name in "ef"
]
BUILDS = st.dictionaries(
    st.sampled_from([environment.name for environment in ENVIRONMENTS]), st.none() | st.frozensets(TARGETS, max_size=9)
).map(lambda modules: Builds(RELEASES, modules, PUBLISHED_ACCELERATORS))
GROUPS = st.sets(st.sampled_from("pq"))


@given(STATES, REQUESTS, BUILDS, GROUPS)
def test_an_offer_never_promises_what_the_pool_cannot_run(
    states: list[PoolState], request_: Request, builds: Builds, groups: set[str]
) -> None:
    for offer in make_offers(allowed(states, groups), ENVIRONMENTS, request_, builds):
        assert offer.sentence
        if offer.verdict == Verdict.CANNOT:
            assert offer.reason
            assert not offer.builds
            continue
        pool, sizes = offer.state.pool, offer.state.largest
        assert tolerated(pool.taints, (*request_.tolerations, *pool.tolerations))
        assert not pool.allowed_groups or pool.allowed_groups & groups
        assert not pool.machine or not request_.machines or pool.machine in request_.machines
        # A pool may be declared to have GPUs, and not how many.
        wanted = request_.resources
        uncounted = pool.accelerators and not offer.state.sizes and not any(map(has_gpu, sizes))
        devices = {name: count for name, count in wanted.devices.items() if not (uncounted and is_gpu(name))}
        assert not sizes or any(Resources(wanted.cpu, wanted.memory, devices).fits_in(size) for size in sizes)
        assert request_.pin is None or (pool.cpu_target and pool.cpu_target.runs(request_.pin))
        assert offer.builds
        for name, build in offer.builds.items():
            if build.target:
                complete = builds.modules.get(name)
                assert pool.cpu_target in (None, *[t for t in known_targets() if t.runs(build.target)])
                assert build.target.path in RELEASES[offer.release]
                assert complete is None or build.target.path in complete
                assert request_.pin is None or request_.pin.runs(build.target)
        if offer.verdict < Verdict.WAITS and offer.state.rooms is not None:
            assert any(request_.resources.fits_in(room) for room in offer.state.rooms)


@given(STATES, REQUESTS, BUILDS, st.randoms())
def test_the_order_is_total_and_does_not_depend_on_the_order_of_pools_and_environments(
    states: list[PoolState], request_: Request, builds: Builds, random: Any
) -> None:
    shuffled, environments = list(states), list(ENVIRONMENTS)
    random.shuffle(shuffled)
    random.shuffle(environments)
    before = make_offers(states, ENVIRONMENTS, request_, builds)
    after = make_offers(shuffled, environments, request_, builds)
    assert [(o.state.pool.name, o.release, o.verdict) for o in before] == [
        (o.state.pool.name, o.release, o.verdict) for o in after
    ]
    assert len(before) == len(states) * 3


@given(STATES, REQUESTS, BUILDS)
def test_what_works_now_stands_before_what_waits_and_that_before_what_cannot(
    states: list[PoolState], request_: Request, builds: Builds
) -> None:
    verdicts = [max(offer.verdict, Verdict.LESS) for offer in make_offers(states, ENVIRONMENTS, request_, builds)]
    assert verdicts == sorted(verdicts)
