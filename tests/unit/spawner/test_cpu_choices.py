"""What of CPUs is offered: which ones, in what order, what is told of each, and why there may be none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.offer import Verdict
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.spawner.brief import line_of
from eessi_spawner.spawner.cpus import CpuChoice, Placing, choose_pool, cpu_choices, why_nowhere
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.spawner.pools import BUILDS, ENVIRONMENTS, offers, state

GPUS = {"accelerators": ["nvidia/cc80"], "devices": {"nvidia.com/gpu": 2}}
ZEN4 = state("zen4", "x86_64/amd/zen4", free=3, max_nodes=8)
ZEN2 = state("old", "x86_64/amd/zen2", free=0)
ICELAKE = state("cloud", "x86_64/intel/icelake", free=0, max_nodes=4)
ARM = state("arm", "aarch64/neoverse_v1", free=2)
GPU = state("gpu", "x86_64/amd/zen3", free=1, **GPUS)
UNKNOWN = state("any", free=1)
REQUEST = Request(machines=("x86_64",))
ONE_GPU = Request(Resources(devices={"nvidia.com/gpu": 1}), machines=("x86_64",))


def choices(*states: PoolState, request: Request = REQUEST, **more: Any) -> tuple[CpuChoice, ...]:
    return cpu_choices(offers(*states).placing, ENVIRONMENTS, request, **more)


def names(found: tuple[CpuChoice, ...]) -> list[str]:
    return [choice.target.short_name if choice.target else "automatic" for choice in found]


@pytest.mark.parametrize(
    ("states", "request_", "more", "offered"),
    [
        ([], REQUEST, {}, []),
        ([UNKNOWN], REQUEST, {}, ["automatic"]),
        ([ZEN4], REQUEST, {}, ["automatic"]),
        ([ZEN4, state("more", "x86_64/amd/zen4")], REQUEST, {}, ["automatic"]),
        ([ZEN2, ZEN4], REQUEST, {}, ["automatic", "zen4", "zen2"]),
        # What is free comes first, then what waits, then what cannot; of equal ones the most specific.
        ([ARM, ICELAKE, ZEN2, GPU, ZEN4], REQUEST, {}, ["automatic", "zen4", "zen3", "zen2", "icelake", "neoverse_v1"]),
        ([ZEN2, ICELAKE], REQUEST, {}, ["automatic", "icelake", "zen2"]),
        # A pool that was named is the only one.
        ([ZEN2, ZEN4], Request(pool="zen4"), {}, ["automatic"]),
        ([ZEN2, ZEN4], Request(pool="gone"), {}, []),
        # What was chosen by a link is shown, if some pool runs it.
        (
            [ZEN2, ZEN4],
            replace(REQUEST, pin=CpuTarget("x86_64/generic")),
            {},
            ["automatic", "zen4", "zen2", "generic x86_64"],
        ),
        ([ZEN2, ZEN4], replace(REQUEST, pin=CpuTarget("x86_64/amd/zen5")), {}, ["automatic", "zen4", "zen2"]),
        ([ZEN4], replace(REQUEST, pin=CpuTarget("x86_64/amd/zen3")), {}, ["automatic", "zen3"]),
        ([ZEN2, ZEN4], replace(REQUEST, pin=CpuTarget("x86_64/amd/zen3")), {"is_fixed": True}, ["zen3"]),
        ([ZEN2, ZEN4], replace(REQUEST, pin=CpuTarget("x86_64/amd/zen5")), {"is_fixed": True}, ["zen5"]),
    ],
)
def test_cpus_are_offered_in_the_order_in_which_they_serve(
    states: list[PoolState], request_: Request, more: dict[str, Any], offered: list[str]
) -> None:
    assert names(choices(*states, request=request_, **more)) == offered


@pytest.mark.parametrize(
    ("states", "target", "release", "sentence", "line", "pool"),
    [
        (
            [ZEN4, ZEN2],
            "",
            "2025.06",
            "zen4 builds, zen3 builds of Python of new-b, 3 nodes free",
            "2025.06, any CPU (several builds): 3 nodes free",
            "",
        ),
        (
            [ZEN4, ZEN2],
            "x86_64/amd/zen4",
            "2023.06",
            "zen4 nodes, EESSI 2023.06 has zen3 builds, 3 nodes free",
            "2023.06, zen4 (zen3 builds): 3 nodes free",
            "",
        ),
        (
            [ZEN4, ZEN2],
            "x86_64/amd/zen2",
            "2023.06",
            "zen2 builds, 3 nodes free",
            "2023.06, zen2: 3 nodes free",
            "zen4",
        ),
        (
            [ICELAKE, ZEN2],
            "x86_64/intel/icelake",
            "2025.06",
            "icelake builds; no free node now; a new one is started",
            "2025.06, icelake: waits for a new node",
            "cloud",
        ),
        (
            [ZEN2],
            "",
            "2025.06",
            "zen2 builds; no free node now; waits until one is free",
            "2025.06, any CPU (zen2): no free node now",
            "old",
        ),
        ([UNKNOWN], "", "2023.06", "the best builds there are for its CPUs, 1 node free", None, "any"),
    ],
)
def test_what_is_told_of_a_cpu_is_a_sentence_and_a_line(  # noqa: PLR0913, PLR0917
    states: list[PoolState], target: str, release: str, sentence: str, line: str | None, pool: str
) -> None:
    (choice,) = (found for found in choices(*states) if found.value == target)
    assert choice.by_release[release].sentence == sentence
    assert line_of(choice, release) == line or line is None
    assert choice.pool_to_tell(release) == pool
    assert choice.releases == ("2025.06", "2023.06")


@pytest.mark.parametrize(
    ("states", "release", "line"),
    [
        ([UNKNOWN], "2023.06", "2023.06, any CPU: 1 node free"),
        ([state("any")], "2023.06", "2023.06, any CPU"),
        ([state("zen2", "x86_64/amd/zen2")], "2025.06", "2025.06, any CPU (zen2)"),
        ([GPU], "2025.06", "2025.06, any CPU (zen3, cc80)"),
        ([GPU], "2023.06", "2023.06, any CPU (zen3): no GPU builds"),
    ],
)
def test_a_line_is_short_whatever_is_known(states: list[PoolState], release: str, line: str) -> None:
    request = ONE_GPU if states == [GPU] else REQUEST
    # How many GPUs are free is not counted here.
    states = [PoolState(GPU.pool)] if states == [GPU] else states
    assert line_of(choices(*states, request=request)[0], release) == line
    assert len(line) <= 48, "it fits into the list of jupyterhub-fancy-profiles"


def test_a_cpu_that_cannot_serve_tells_the_reason_of_its_own_pools() -> None:
    arm = choices(ZEN4, ZEN2, ARM)[-1]
    assert (arm.value, arm.verdict, arm.releases) == ("aarch64/neoverse_v1", Verdict.CANNOT, ())
    assert {offer.sentence for offer in arm.by_release.values()} == {"the server's image does not run on aarch64"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            Request(Resources(cpu=9), machines=("x86_64",)),
            "arm: the server's image does not run on aarch64; gpu: its GPUs are kept",
        ),
        (Request(pin=CpuTarget("x86_64/amd/zen5")), "with builds for x86_64/amd/zen5 ("),
        (Request(pool="gone"), "Node pool 'gone' is not there, or is kept for others. Choose another"),
    ],
)
def test_where_no_pool_can_run_a_server_the_error_says_why(request_: Request, words: str) -> None:
    states = tuple(PoolState(found.pool, found.rooms, sizes=(Resources(8, 2**35),)) for found in (ZEN4, ZEN2, ARM))
    error = why_nowhere(Placing((*states, GPU), BUILDS), ENVIRONMENTS, request_)
    assert words in f"{error.message} {error.advice}"
    assert len(error.message) < 400


def test_the_same_reason_of_many_pools_is_told_once_and_last() -> None:
    states = [state(f"n{number}", "x86_64/amd/zen4") for number in range(3)]
    error = why_nowhere(
        Placing((*states, GPU), BUILDS), ENVIRONMENTS, Request(Resources(devices={"nvidia.com/gpu": 8}))
    )
    assert "(gpu: its nodes have 2 nvidia.com/gpu, the server asks for 8; n0, n1, n2: it has no GPUs)" in error.message


def test_the_pool_that_serves_most_environments_is_taken_for_all_releases() -> None:
    placing = offers(ZEN4, ZEN2, ARM).placing
    taken = choose_pool(placing.offers(ENVIRONMENTS, REQUEST))
    assert {offer.state.pool.name for offer in taken} == {"zen4"}
    assert [offer.release for offer in taken] == ["2025.06", "2023.06"]
    assert choose_pool(()) == ()
