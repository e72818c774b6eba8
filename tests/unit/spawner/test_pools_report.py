"""What an administrator is told of node pools: all of them, with what runs there, and each thing that is amiss once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from eessi_spawner.cluster.nodes import Node, Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.labels import Labels
from eessi_spawner.spawner.pools_now import Reading, make_report
from eessi_spawner.spawner.pools_report import PoolReport, PoolsReport
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.spawner.pods import Json, MakeSpawner

ZEN2, ZEN3, ZEN4 = (CpuTarget(f"x86_64/amd/zen{number}") for number in (2, 3, 4))
SIZE = Resources(8, 32 * 2**30)
GPU_SIZE = Resources(8, 32 * 2**30, {"nvidia.com/gpu": 4})
GPU_TAINT = Taint("nvidia.com/gpu", "present")
DECLARED = {"name": "d", "cpu_target": ZEN3.path, "node_selector": {"pool": "d"}}


def node(name: str, target: CpuTarget | None = None, gpu: str = "", **changed: Any) -> Node:
    labels = {"kubernetes.io/arch": "amd64", **changed.pop("labels", {})}
    if target:
        labels |= Labels().labels_of(target.fallback_chain, gpu)
    return Node(name, labels, allocatable=GPU_SIZE if gpu else SIZE, **changed)


@pytest.fixture
def report(make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop) -> Any:
    """Return a function that reports of a cluster's nodes to a hub with these settings."""

    def report(reading: Reading, kube: Json | None = None, **settings: Any) -> PoolsReport:
        spawner = make_spawner(kube, find_node_pools=True, **settings)
        return loop.run_until_complete(make_report(spawner, reading))

    return report


def of_nodes(*nodes: Node, used: dict[str, Resources] | None = None) -> Reading:
    return Reading(nodes, used if used is not None else {})


def by_name(report: PoolsReport) -> dict[str, PoolReport]:
    return {pool.state.pool.name: pool for pool in report.pools}


def test_each_pool_has_its_nodes_its_room_and_what_runs_there(report: Any) -> None:
    full = {"a": Resources(8, 0)}
    nodes = (node("a", ZEN4), node("b", ZEN4), node("c", ZEN4, is_cordoned=True), node("d", ZEN2))
    pools = by_name(report(of_nodes(*nodes, used=full), {"cpu_guarantee": 1}))
    assert pools.keys() == {"zen4", "zen2"}
    assert (pools["zen4"].open_nodes, pools["zen4"].state.closed, pools["zen4"].free) == (2, 1, 1)
    said = pools["zen2"].to_json()["releases"]
    assert list(said) == ["2025.06", "2023.06"]
    assert said["2025.06"]["sentence"] == "zen2 builds, 1 node free"
    assert set(said["2025.06"]["environments"].values()) == {ZEN2.path}


def test_where_nobody_counts_open_nodes_are_known_and_room_is_not(report: Any) -> None:
    (pool,) = report(Reading((node("a", ZEN4), node("b", ZEN4)))).pools
    assert (pool.open_nodes, pool.free) == (2, None)
    assert "free" not in pool.offers[0].sentence


def test_where_nodes_are_not_read_declared_pools_are_there_still(report: Any) -> None:
    told = report(Reading(warnings=("Nodes cannot be read: no.",)), node_pools=[DECLARED])
    assert told.warnings == ("Nodes cannot be read: no.",)
    (pool,) = told.pools
    assert (pool.to_json()["open_nodes"], pool.to_json()["closed_nodes"], pool.free) == (None, None, None)
    assert pool.offers[0].sentence == "zen3 builds"


def test_a_pool_that_is_kept_for_a_group_is_shown(report: Any) -> None:
    told = report(of_nodes(node("a", labels={"pool": "d"})), node_pools=[{**DECLARED, "allowed_groups": ["staff"]}])
    assert [pool.to_json()["allowed_groups"] for pool in told.pools] == [["staff"]]
    assert told.to_json()["groups"] == {"staff": ["pool d"]}


@pytest.mark.parametrize(
    ("found", "declared"),
    [
        ([node("a", ZEN3, "nvidia/cc80")], []),
        ([], [{**DECLARED, "accelerators": ["nvidia/cc80"], "max_nodes": 1}]),
        ([], [{**DECLARED, "accelerators": ["nvidia/cc80"], "max_nodes": 1, "devices": {"nvidia.com/gpu": 2}}]),
    ],
    ids=["found", "declared", "declared-with-number"],
)
def test_of_a_pool_with_gpus_it_is_said_what_a_server_with_one_gets(
    found: list[Node], declared: list[Json], report: Any
) -> None:
    told = report(of_nodes(*found), node_pools=declared)
    (pool,) = told.pools
    assert pool.offers[0].accelerator == "nvidia/cc80"
    assert not told.warnings


def test_its_json_has_no_infinity_and_the_same_keys_for_every_pool(report: Any) -> None:
    declared = [{**DECLARED, "memory": "64Gi", "max_nodes": 2}]
    told = report(of_nodes(node("a", ZEN4, "nvidia/cc80"), node("b")), node_pools=declared)
    read = json.loads(json.dumps(told.to_json(), allow_nan=False))
    assert len({tuple(pool) for pool in read["pools"]}) == 1
    (pool,) = [pool for pool in read["pools"] if pool["declared"]]
    assert pool["node_sizes"] == [{"cpu": None, "memory": 64 * 2**30, "devices": {}}]


LABELLED = {"pool": "d"}
AMISS: dict[str, tuple[list[Node], list[Json], list[str]]] = {
    "a label that nobody knows, with the nodes that have it": (
        [node(name, labels={"cpu.eessi.io/best": "x86-64.amd.zen99"}) for name in "ab"],
        [],
        ["zen99 names no CPU target that is known here. So on: a, b.", "2 nodes report no CPU target: a, b."],
    ),
    "nodes that report nothing": (
        [node(name) for name in "abcd"],
        [],
        ["4 nodes report no CPU target: a, b, c and 1 more"],
    ),
    "a taint of a found pool that is not tolerated": (
        [node("a", ZEN3, taints=(GPU_TAINT,))],
        [],
        ["No server can run on pool 'zen3-gpu': its taint nvidia.com/gpu=present:NoSchedule"],
    ),
    "a taint of a declared pool that is not tolerated": (
        [node("a", ZEN3, labels=LABELLED, taints=(GPU_TAINT,)), node("b", ZEN3, labels=LABELLED)],
        [DECLARED],
        ["Nodes of pool 'd' have the taint nvidia.com/gpu=present:NoSchedule, which its pods do not tolerate: a."],
    ),
    "a CPU that is not the declared one": (
        [node("a", ZEN2, labels=LABELLED)],
        [DECLARED],
        ["Pool 'd' is declared as x86_64/amd/zen3, and nodes of it report x86_64/amd/zen2"],
    ),
    "a pool that nothing can run on": (
        [node("a", CpuTarget("aarch64/neoverse_n1"), labels={"kubernetes.io/arch": "arm64"})],
        [],
        ["Nothing can run on pool 'neoverse-n1': the server's image does not run on aarch64."],
    ),
    "a declared pool without nodes": (
        [node("a", ZEN4)],
        [DECLARED],
        ["Pool 'd' has no nodes: none is labelled pool=d."],
    ),
    "a declared pool whose nodes are all closed": (
        [node("a", ZEN3, labels=LABELLED, is_cordoned=True)],
        [DECLARED],
        ["Every node of pool 'd' is closed to new pods"],
    ),
    "no node, of a pool that grows": ([], [{**DECLARED, "max_nodes": 3}], []),
    "a taint that the pool tolerates": (
        [node("a", ZEN3, labels=LABELLED, taints=(GPU_TAINT,))],
        [{**DECLARED, "tolerations": [{"operator": "Exists"}]}],
        [],
    ),
    "a cordoned node beside an open one": ([node("a", ZEN3), node("b", ZEN3, is_cordoned=True)], [], []),
}


@pytest.mark.parametrize("case", AMISS)
def test_what_is_amiss_is_one_warning_that_names_it(case: str, report: Any) -> None:
    nodes, declared, expected = AMISS[case]
    warnings = report(of_nodes(*nodes), node_pools=declared).warnings
    assert len(warnings) == len(expected), warnings
    for words in expected:
        assert [warning for warning in warnings if words in warning], (words, warnings)


def test_an_environment_that_cannot_be_completed_is_named(report: Any) -> None:
    listed = [{"name": "plots", "packages": ["no-such-package-anywhere"]}]
    (warning,) = report(of_nodes(node("a", ZEN3)), eessi_environments=listed).warnings
    assert warning.startswith("Environment 'plots' cannot be offered: ")


def test_what_the_configuration_leaves_out_is_a_note_and_no_warning(report: Any) -> None:
    told = report(Reading((node("a", ZEN3),)), count_pods=False)
    assert told.notes == ("Free room was not counted: c.EESSISpawner.count_pods is False.",)
    assert not told.warnings
