"""Nodes become pools: declared ones first, the others by what they are alike in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.cluster.nodes import Node, Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.fits import why_not
from eessi_spawner.placement.found import Pools, declared_states, found_pools
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.pod import and_into
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.affinity import all_hold, selects
from tests.unit.placement.nodes import CPU, GPU, SIZE, node, read

GROUP = "pool"
TAINT = Taint("nvidia.com/gpu", "present")


def pools_of(
    nodes: Sequence[Node],
    declared: Sequence[Mapping[str, Any]] = (),
    used: Mapping[str, Resources] | None = MappingProxyType({}),
    **more: Any,
) -> Pools:
    settings = {"read": read, "group_label": GROUP, **more}
    return found_pools(nodes, declared=parse_pools(list(declared)), used=used, **settings)


def names(pools: Pools) -> list[str]:
    return [state.pool.name for state in pools.states]


NAMED: dict[str, tuple[list[Node], list[str]]] = {
    "alike": ([node("a", "zen4"), node("b", "zen4")], ["zen4"]),
    "two CPUs": ([node("a", "zen4"), node("b", "zen3")], ["zen3", "zen4"]),
    "a GPU": ([node("a", "zen4", gpu="cc80"), node("b", "zen4")], ["zen4", "zen4-gpu-cc80"]),
    "a group": ([node("a", "zen4", labels={GROUP: "Large_1"}), node("b", "zen4")], ["zen4", "zen4-large-1"]),
    "a taint": ([node("a", "zen4", taints=(TAINT,)), node("b", "zen4")], ["zen4", "zen4-gpu"]),
    "no target": ([node("a"), node("b", arch="arm64")], ["aarch64", "x86-64"]),
    "nothing at all": ([node("a", arch="")], ["nodes"]),
    "names that would be alike": (
        [node("a", "zen4", labels={GROUP: "a.b"}), node("b", "zen4", labels={GROUP: "A.b"})],
        ["zen4-a.b", "zen4-a.b-2"],
    ),
}


@pytest.mark.parametrize(("nodes", "expected"), NAMED.values(), ids=NAMED)
def test_found_pools_are_named_for_what_they_are(nodes: list[Node], expected: list[str]) -> None:
    assert names(pools_of(nodes)) == expected


def test_a_found_pool_does_not_take_the_name_of_a_declared_one() -> None:
    pools = pools_of([node("a", "zen4")], [{"name": "zen4", "node_selector": {"special": "yes"}}])
    assert names(pools) == ["zen4", "zen4-2"]


def test_a_gpu_that_no_label_names_makes_a_pool_of_its_own() -> None:
    bare = Node("g", {"kubernetes.io/arch": "amd64", CPU: "zen4"}, (), Resources(1, 1, {"nvidia.com/gpu": 1}))
    assert names(pools_of([bare, node("a", "zen4")])) == ["zen4", "zen4-gpu"]


def test_a_found_pool_says_what_selects_its_nodes() -> None:
    plain, gpu = pools_of([node("a", "zen4"), node("b", "zen4", gpu="cc80", labels={GROUP: "g"})]).states
    assert plain.pool.requirements == (
        {"key": CPU, "operator": "In", "values": ["zen4"]},
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
        {"key": GROUP, "operator": "DoesNotExist"},
        {"key": GPU, "operator": "DoesNotExist"},
    )
    assert gpu.pool.requirements[2:] == (
        {"key": GROUP, "operator": "In", "values": ["g"]},
        {"key": GPU, "operator": "In", "values": ["cc80"]},
    )
    assert (gpu.pool.accelerators, gpu.pool.machine) == (("nvidia/cc80",), "x86_64")


def test_a_found_pool_keeps_away_from_declared_ones() -> None:
    declared = [{"name": "own", "node_selector": {"owner": "physics", "kubernetes.io/arch": "amd64"}}]
    _, found = pools_of([node("a", "zen4")], declared, group_label="").states
    assert found.pool.requirements[-1] == {"key": "owner", "operator": "NotIn", "values": ["physics"]}


def test_a_declared_pool_of_another_group_needs_no_term_of_its_own() -> None:
    declared = [{"name": "own", "node_selector": {GROUP: "physics"}}]
    _, found = pools_of([node("a", "zen4")], declared).states
    assert [required["operator"] for required in found.pool.requirements] == ["In", "In", "DoesNotExist"]


def test_a_label_in_which_nodes_of_a_pool_differ_does_not_select_them() -> None:
    labelled = node("a", "zen4", gpu="cc80", labels={"nvidia.com/gpu.compute.major": "8"})
    (state,) = pools_of([labelled, node("b", "zen4", gpu="cc80")]).states
    assert "nvidia.com/gpu.compute.major" not in [required["key"] for required in state.pool.requirements]


def test_the_order_of_taints_makes_no_pool() -> None:
    taints = (TAINT, Taint("a"))
    assert len(pools_of([node("a", taints=taints), node("b", taints=taints[::-1])]).states) == 1


def test_a_node_is_of_the_first_declared_pool_that_selects_it() -> None:
    declared = [
        {"name": "a", "node_selector": {"owner": "x", "kind": "y"}},
        {"name": "b", "node_selector": {"owner": "x"}},
        {"name": "c", "node_selector": {"owner": "z"}},
    ]
    both, one = node("1", "zen4", labels={"owner": "x", "kind": "y"}), node("2", "zen4", labels={"owner": "x"})
    states = pools_of([both, one], declared).states
    assert [(state.pool.name, state.rooms) for state in states] == [("a", (SIZE,)), ("b", (SIZE,)), ("c", ())]


def test_room_is_what_is_left_on_open_nodes() -> None:
    nodes = [node("a", "zen4"), node("b", "zen4"), node("c", "zen4", is_cordoned=True)]
    (state,) = pools_of(nodes, used={"a": Resources(10, 2**35), "elsewhere": SIZE}).states
    assert state == PoolState(state.pool, (Resources(6, 2**35), SIZE), closed=1, sizes=(SIZE,))


def test_where_nobody_counts_room_is_not_known_unless_no_node_is_open() -> None:
    assert pools_of([node("a", "zen4")], used=None).states[0].rooms is None
    assert pools_of([node("a", "zen4", is_cordoned=True)], used=None).states[0].rooms == ()
    (declared,) = declared_states(parse_pools([{"name": "a"}]))
    assert (declared.rooms, declared.closed, declared.sizes) == (None, 0, ())


TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists"}


@pytest.mark.parametrize(
    ("pool", "hub", "expected"), [((), (), 0), ((TOLERATION,), (), 1), ((), (TOLERATION,), 1)], ids=["none", "p", "hub"]
)
def test_a_node_whose_taint_is_not_tolerated_is_no_room_of_a_declared_pool(
    pool: tuple[Any, ...], hub: tuple[Any, ...], expected: int
) -> None:
    tainted = node("a", "zen4", taints=(TAINT,))
    (state,) = pools_of([tainted], [{"name": "p", "tolerations": list(pool)}], tolerations=hub).states
    assert (len(state.rooms or ()), state.closed, len(state.sizes)) == (expected, 1 - expected, expected)


def test_a_taint_of_a_found_pool_is_named_unless_the_hub_tolerates_it() -> None:
    tainted = [node("a", "zen4", taints=(TAINT,))]
    assert pools_of(tainted).warnings == (
        "No server can run on pool 'zen4-gpu': its taint nvidia.com/gpu=present:NoSchedule is not tolerated."
        " Add a toleration, or declare the pool with one.",
    )
    assert not pools_of(tainted, tolerations=[TOLERATION]).warnings


def test_what_is_free_behind_the_taint_of_a_found_pool_is_counted() -> None:
    (state,) = pools_of([node("a", "zen4", taints=(TAINT,))]).states
    assert (state.rooms, state.sizes, state.pool.taints) == ((SIZE,), (SIZE,), (TAINT,))


def test_nodes_without_a_target_are_named() -> None:
    (warning,) = pools_of([node(name) for name in "dcba"]).warnings
    assert warning == (
        "4 nodes report no CPU target: a, b, c and 1 more. Install the labels with 'eessi-spawner labels'."
    )
    (warning,) = pools_of([node("a")]).warnings
    assert warning.startswith("1 node reports no CPU target: a. ")
    assert not pools_of([node("a")], [{"name": "all"}]).warnings


@pytest.mark.parametrize(
    ("reported", "words"), [("zen4", ""), ("zen5", ""), ("zen3", "report x86_64/amd/zen3"), ("", "")]
)
def test_a_declaration_that_a_node_contradicts_is_named(reported: str, words: str) -> None:
    declared = [{"name": "p", "cpu_target": "x86_64/amd/zen4"}]
    warnings = pools_of([node("n1", reported), node("n2", "zen4")], declared).warnings
    assert bool(warnings) == bool(words)
    for warning in warnings:
        assert warning.startswith("Pool 'p' is declared as x86_64/amd/zen4, and nodes of it report x86_64/amd/zen3,")
        assert ": n1. " in warning


def test_what_is_wrong_with_labels_is_said_once() -> None:
    nodes = [node("a", "zen4"), node("b", "zen4")]
    pools = pools_of(nodes, read=lambda _: NodeLabels(CpuTarget("x86_64/amd/zen4"), warnings=("odd label",)))
    assert pools.warnings == ("odd label",)


NODES = st.lists(
    st.builds(
        node,
        st.uuids().map(str),
        st.sampled_from(["", "zen2", "zen3", "zen4"]),
        gpu=st.sampled_from(["", "cc80", "cc90"]),
        arch=st.sampled_from(["amd64", ""]),
        labels=st.dictionaries(st.sampled_from([GROUP, "owner"]), st.sampled_from(["a", "A", "b"])),
        taints=st.sampled_from([(), (TAINT,)]),
        is_cordoned=st.booleans(),
    ),
    max_size=8,
)
DECLARED = st.sampled_from([[], [{"name": "zen4", "node_selector": {"owner": "a"}}]])


@given(NODES, DECLARED, st.randoms())
def test_pools_do_not_depend_on_the_order_of_nodes(nodes: list[Node], declared: list[Any], random: Any) -> None:
    before = pools_of(nodes, declared)
    shuffled = list(nodes)
    random.shuffle(shuffled)
    after = pools_of(shuffled, declared)
    assert [state.pool for state in before.states] == [state.pool for state in after.states]
    assert sorted(before.warnings) == sorted(after.warnings)
    assert len(set(names(before))) == len(before.states)


@given(NODES, DECLARED)
def test_every_node_is_in_one_pool_that_selects_it(nodes: list[Node], declared: list[Any]) -> None:
    states = pools_of(nodes, declared).states
    assert sum(len(state.rooms or ()) + state.closed for state in states) == len(nodes)
    assert all(any(all_hold(state.pool.requirements, found.labels) for state in states) for found in nodes)


@given(NODES, DECLARED)
def test_a_found_pool_selects_only_nodes_that_run_what_it_promises_to_those_it_is_for(
    nodes: list[Node], declared: list[Any]
) -> None:
    states = pools_of(nodes, declared).states
    for state, found in itertools.product(states[len(declared) :], nodes):
        if all_hold(state.pool.requirements, found.labels):
            assert state.pool.cpu_target in (None, read(found.labels).target)
            assert not declared or found.labels.get("owner") != "a"


@given(NODES, DECLARED, st.sampled_from(["zen2", "zen3", "zen4"]))
def test_a_pinned_pod_of_a_found_pool_goes_only_to_nodes_that_run_the_pin(
    nodes: list[Node], declared: list[Any], name: str
) -> None:
    pin = CpuTarget(f"x86_64/amd/{name}")
    for state in pools_of(nodes, declared).states[len(declared) :]:
        if why_not(state, Request(pin=pin, pool=state.pool.name, tolerations=(TOLERATION,))):
            continue
        affinity = and_into(None, state.pool.requirements)
        reached = [read(found.labels).target for found in nodes if selects(affinity, found.labels)]
        assert reached
        assert all(target and target.runs(pin) for target in reached)
