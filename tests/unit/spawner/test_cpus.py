"""What the form and the profiles offer of CPUs, and the words for a server that nothing can run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.found import declared_states
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.spawner.cpus import Placing, choose_pool, cpu_choices, why_nowhere
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from tests.unit.spawner.pods import ARM, POOLS, ZEN3, ZEN4

NEW, OLD = (
    Environment(name, name.title(), release, ("M/1",)) for name, release in (("new", "2025.06"), ("old", "2023.06"))
)
GENERIC = "x86_64/generic"
BUILDS = Builds(
    {"2025.06": frozenset({ZEN4, ZEN3, GENERIC, ARM}), "2023.06": frozenset({ZEN3, GENERIC})},
    {"new": frozenset({ZEN4, ZEN3, GENERIC, ARM})},
)
ONE_NODE = (Resources(8, 2**35),)


def placing(*names: str, **more: Any) -> Placing:
    chosen = [pool for pool in POOLS if pool["name"] in names]
    return Placing(declared_states(parse_pools(chosen)), BUILDS, **more)


def free(name: str, *, nodes: int) -> PoolState:
    (state,) = placing(name).states
    return replace(state, rooms=ONE_NODE * nodes, sizes=ONE_NODE)


def test_a_choice_has_the_best_offer_for_each_release_newest_first() -> None:
    automatic, *_ = cpu_choices(placing("zen4", "zen3", "arm"), [OLD, NEW], Request())
    best = {release: offer.state.pool.name for release, offer in automatic.by_release.items()}
    assert list(best.items()) == [("2025.06", "zen4"), ("2023.06", "zen3")]
    assert automatic.releases == ("2025.06", "2023.06")


def test_a_server_may_be_pinned_to_all_that_some_pool_runs() -> None:
    assert {ZEN4, ZEN3, GENERIC, ARM, "aarch64/generic"} <= set(placing("zen4", "arm").targets)


def test_a_pin_is_offered_by_pools_that_run_it_and_else_each_says_why_not() -> None:
    def names(pin: str) -> set[str]:
        offers = placing("zen4", "zen3", "arm").offers([NEW], Request(pin=CpuTarget(pin)))
        return {offer.state.pool.name for offer in offers}

    assert names(ZEN4) == {"zen4"}
    assert names(GENERIC) == {"zen4", "zen3"}
    assert names("x86_64/amd/zen5") == {"zen4", "zen3", "arm"}


@pytest.mark.parametrize(
    ("zen4", "zen3", "environments", "pool"),
    [
        (1, 1, [NEW], "zen4"),
        (0, 1, [NEW], "zen3"),
        (0, 0, [NEW], "zen4"),
        (1, 1, [OLD], "zen3"),
        (1, 1, [NEW, OLD], "zen4"),
        (0, 1, [NEW, OLD], "zen3"),
    ],
)
def test_the_pool_is_one_that_serves_all_of_the_choice(
    zen4: int, zen3: int, environments: list[Environment], pool: str
) -> None:
    states = (free("zen4", nodes=zen4), free("zen3", nodes=zen3))
    taken = choose_pool(Placing(states, BUILDS).offers(environments, Request(Resources(cpu=1))))
    assert {offer.state.pool.name for offer in taken} == {pool}
    assert {offer.release for offer in taken} == {environment.release for environment in environments}


def test_no_offers_are_no_pool() -> None:
    assert choose_pool([]) == ()


@pytest.mark.parametrize(
    ("request_", "environments", "words", "advice"),
    [
        (
            Request(pin=CpuTarget(ZEN4)),
            [NEW],
            "zen3: its CPUs, zen3, do not run zen4 builds",
            "Choose any CPU: pool zen3",
        ),
        (Request(pin=CpuTarget("x86_64/amd/zen5")), [NEW], "with builds for x86_64/amd/zen5 (", "Choose any CPU"),
        (Request(pool="gone"), [NEW], "Node pool 'gone' is not there, or is kept for others.", "Choose another pool"),
        (Request(pool="arm", machines=("x86_64",)), [], "arm: the server's image does not run on aarch64", ""),
        (Request(machines=("riscv64",)), [NEW], "does not run on", "Choose smaller resources, or tell"),
    ],
)
def test_where_nothing_runs_the_reasons_are_told_and_what_can_be_had(
    request_: Request, environments: list[Environment], words: str, advice: str
) -> None:
    error = why_nowhere(placing("zen3", "arm"), environments, request_)
    assert words in error.message
    assert advice in error.advice


def test_servers_without_environments_go_where_they_fit_and_where_there_is_room() -> None:
    states = (free("zen4", nodes=0), free("zen3", nodes=1), free("arm", nodes=1))
    offers = Placing(states).without_environments(Request(Resources(cpu=1), machines=("x86_64",)))
    assert [offer.state.pool.name for offer in offers] == ["zen3", "zen4", "arm"]
    assert [offer.sentence for offer in offers][::2] == [
        "no environments of EESSI",
        "the server's image does not run on aarch64",
    ]
