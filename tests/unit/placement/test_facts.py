"""What a hub tells of its pools arrives as it was, and what is none is refused by its place."""

from __future__ import annotations

import copy
import json
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.facts import PlacementFacts, Recommended, facts_from_json, recommended_to
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.releases import known_targets

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(0, 1e15) | st.integers(0, 2**50)
amounts = st.builds(
    Resources, numbers | st.just(inf), numbers | st.just(inf), st.dictionaries(texts, st.integers(0, 64), max_size=2)
)
objects = st.dictionaries(texts, texts | st.lists(texts, max_size=2), max_size=3)
targets = st.sampled_from(sorted(known_targets()))


def tuples_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=2).map(tuple)


pools = st.builds(
    NodePool,
    texts,
    st.none() | targets,
    texts,
    tuples_of(st.sampled_from(["nvidia/cc80", "amd/gfx90a"])),
    tuples_of(objects),
    tuples_of(st.builds(Taint, texts, texts, texts)),
    tuples_of(objects),
    st.none() | amounts,
    st.none() | st.integers(0, 10**6),
    st.frozensets(texts, max_size=2),
    texts,
    st.booleans(),
)
states = st.builds(PoolState, pools, st.none() | tuples_of(amounts), st.integers(0, 1000), tuples_of(amounts))
requests = st.builds(Request, amounts, tuples_of(objects), texts, st.none() | targets, tuples_of(texts))
recommended = st.builds(
    Recommended,
    st.builds(
        Environment,
        st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True),
        st.sampled_from(["Plots", "\N{SNOWMAN} <b>"]),
        st.just("2025.06"),
        st.just(("jupyter-server/2.17.0-GCCcore-14.3.0", "matplotlib/3.10.5-gfbf-2025b")),
    ),
    st.frozensets(texts, max_size=2),
)
facts = st.builds(
    PlacementFacts,
    tuples_of(states),
    requests,
    st.dictionaries(texts, tuples_of(numbers), max_size=2),
    st.booleans(),
    tuples_of(recommended),
)


@given(facts)
def test_facts_arrive_as_they_were(told: PlacementFacts) -> None:
    assert facts_from_json(json.loads(json.dumps(told.to_json()))) == told


A_POOL = NodePool("zen3", CpuTarget("x86_64/amd/zen3"), taints=(Taint("gpu"),), node=Resources(4, 2**34))
GOOD = PlacementFacts((PoolState(A_POOL, (Resources(1),)),), waits={"zen3": (60.0,)}).to_json()
REFUSED: dict[str, tuple[list[str | int], Any]] = {
    "pools": ([], []),
    "pools: a list": (["pools"], {}),
    "pools: 0: name: a text": (["pools", 0, "name"], 3),
    "pools: 0: name: a text ": (["pools", 0, "name"], "\ud800"),
    "pools: 0: cpu_target: 'zen3' is not a CPU target": (["pools", 0, "cpu_target"], "zen3"),
    "pools: 0: accelerators: 0: 'gtx'": (["pools", 0, "accelerators"], ["gtx"]),
    "pools: 0: closed: a whole number": (["pools", 0, "closed"], -1),
    "pools: 0: closed: a whole number ": (["pools", 0, "closed"], True),
    "pools: 0: is_declared: true or false": (["pools", 0, "is_declared"], 1),
    "pools: 0: rooms: 0: cpu: a number": (["pools", 0, "rooms", 0, "cpu"], float("nan")),
    "pools: 0: rooms: 0: memory: a number": (["pools", 0, "rooms", 0, "memory"], 10**400),
    "pools: 0: taints: 0: an object": (["pools", 0, "taints"], ["gpu"]),
    "request: there is no": (["request"], {}),
    "waits: zen3: seconds": (["waits", "zen3"], -1),
    "waits: an object": (["waits"], None),
}


@pytest.mark.parametrize(("path", "value"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_fact_is_refused_by_its_place(
    path: list[str | int], value: Any, request: pytest.FixtureRequest
) -> None:
    data = copy.deepcopy(GOOD)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    if path:
        place[path[-1]] = value
    with pytest.raises(InvalidChoiceError) as caught:
        facts_from_json(data if path else value)
    expected = request.node.callspec.id.strip()
    assert caught.value.message.startswith(expected if path else "an object")


def test_a_newer_hub_may_tell_more_and_a_wait_may_be_one_number() -> None:
    read = facts_from_json({**GOOD, "moon": "full", "waits": {"zen3": 60}})
    assert read.waits == {"zen3": (60.0,)}


def test_a_hub_that_recommends_nothing_need_not_say_so() -> None:
    told = PlacementFacts().to_json()
    del told["recommended"]
    assert facts_from_json(told) == PlacementFacts()


def test_what_is_kept_for_groups_is_recommended_to_them_alone() -> None:
    everybody, course = (
        Environment(name, name, "2025.06", ("jupyter-server/2.17.0-GCCcore-14.3.0",)) for name in ("all", "course")
    )
    told = PlacementFacts(recommended=(Recommended(everybody), Recommended(course, frozenset({"students"}))))
    assert recommended_to(["students"], told) == (everybody, course)
    assert recommended_to([], told) == (everybody,)
