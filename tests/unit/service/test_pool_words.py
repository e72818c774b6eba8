"""What people read of where something runs."""

from __future__ import annotations

import pytest

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.service.pool_words import PoolLine, lines_of, words_of
from eessi_spawner.service.pools import PoolsView
from eessi_spawner.service.wanted import offers_for
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.unit.service.reports import FULL, GIB, ROOM, pool

CATALOGUE = bundled_catalogue()
MODULE = "SciPy-bundle/2025.07-gfbf-2025b"
# Zen 4 has a directory in 2023.06, and this module is not in it.
OLD = "SciPy-bundle/2023.02-gfbf-2022b"

ZEN3 = pool("zen3", "x86_64/amd/zen3", ROOM, ROOM)
UNCOUNTED = PoolState(pool("zen3", "x86_64/amd/zen3").pool)
GROWS = pool("icelake", "x86_64/intel/icelake", FULL, max_nodes=3)
IS_FULL = pool("zen2", "x86_64/amd/zen2", FULL)
ZEN4 = pool("zen4", "x86_64/amd/zen4", ROOM)
SMALL = PoolState(pool("small", "x86_64/amd/zen3").pool, sizes=(Resources(0.5, GIB),))

SAID: dict[str, tuple[list[PoolState], str]] = {
    "free": ([ZEN3], "Runs now on zen3 (2 nodes free)."),
    "nobody counts": ([UNCOUNTED], "Runs now on zen3."),
    "free, and another that grows": (
        [GROWS, ZEN3],
        "Runs now on zen3 (2 nodes free). A new node can be started on icelake (about 4 minutes).",
    ),
    "grows alone": ([GROWS], "No node is free now. A new node can be started on icelake (about 4 minutes)."),
    "full alone": ([IS_FULL], "Waits until a node is free on zen2."),
    "full beside one that is free is no news": ([IS_FULL, ZEN3], "Runs now on zen3 (2 nodes free)."),
    "cannot": (
        [SMALL],
        "Cannot run on this hub's node pools now (small: its nodes have 0.5 core, the server asks for 1 core).",
    ),
}


@pytest.mark.parametrize(("states", "words"), SAID.values(), ids=SAID)
def test_it_is_said_what_can_be_had_now_then_what_for_a_wait(states: list[PoolState], words: str) -> None:
    view = PoolsView(tuple(states), Request(Resources(1, GIB)), {"icelake": (100.0, 235.0)})
    assert words_of(offers_for(view, CATALOGUE, {"module": [MODULE]}), view).replace("cores", "core") == words


def test_builds_for_an_older_cpu_are_named() -> None:
    view = PoolsView((ZEN4,), Request(Resources(1, GIB)))
    assert (
        words_of(offers_for(view, CATALOGUE, {"module": [OLD]}), view) == "Runs now on zen4 (zen3 builds, 1 node free)."
    )


def test_many_pools_are_counted_after_the_first() -> None:
    states = tuple(pool(f"p{number}", "x86_64/amd/zen3", ROOM) for number in range(9))
    view = PoolsView(states, Request(Resources(1, GIB)))
    assert words_of(offers_for(view, CATALOGUE, {"module": [MODULE]}), view).endswith("p3 (1 node free), and 5 more.")


OF: dict[str, tuple[list[tuple[str, str]], list[str], list[PoolLine]]] = {
    "all alike": ([("a/1", "2023.06"), ("a/2", "2025.06")], ["x", "x"], [PoolLine("", "x")]),
    "by release": (
        [("a/1", "2023.06"), ("a/2", "2025.06"), ("a/3", "2025.06")],
        ["x", "y", "y"],
        [PoolLine("EESSI 2023.06", "x"), PoolLine("EESSI 2025.06", "y")],
    ),
    "by module": (
        [("a/1", "2025.06"), ("a/2", "2025.06")],
        ["x", "y"],
        [PoolLine("a/1 in 2025.06", "x"), PoolLine("a/2 in 2025.06", "y")],
    ),
}


@pytest.mark.parametrize(("modules", "words", "lines"), OF.values(), ids=OF)
def test_what_is_alike_is_said_once_and_of_whom(
    modules: list[tuple[str, str]], words: list[str], lines: list[PoolLine]
) -> None:
    assert list(lines_of(modules, words)) == lines
