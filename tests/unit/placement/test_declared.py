"""Pools of the configuration are read, or a sentence names the pool, the key, what came and what to write."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.pool import NodePool
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.releases import known_targets

TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists"}
FULL = {
    "name": "zen4-gpu",
    "cpu_target": "x86_64/amd/zen4",
    "machine": "x86_64",
    "accelerators": ["accel/nvidia/cc80"],
    "node_selector": {"pool": "gpu", "topology.kubernetes.io/zone": "a"},
    "tolerations": [TOLERATION],
    "cpu": "64",
    "memory": "256Gi",
    "devices": {"nvidia.com/gpu": 4},
    "max_nodes": 3,
    "allowed_groups": ["physics"],
    "nfs_server": "10.0.0.5",
}


def test_all_keys_are_read() -> None:
    assert parse_pools([FULL]) == (
        NodePool(
            name="zen4-gpu",
            cpu_target=CpuTarget("x86_64/amd/zen4"),
            machine="x86_64",
            accelerators=("nvidia/cc80",),
            requirements=(
                {"key": "pool", "operator": "In", "values": ["gpu"]},
                {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]},
            ),
            tolerations=(TOLERATION,),
            node=Resources(64, 256 * 2**30, {"nvidia.com/gpu": 4}),
            max_nodes=3,
            allowed_groups=frozenset({"physics"}),
            nfs_server="10.0.0.5",
            is_declared=True,
        ),
    )


def test_a_name_is_enough_for_the_only_pool() -> None:
    assert parse_pools([{"name": "all"}]) == (NodePool("all", is_declared=True),)
    assert parse_pools([]) == ()


def test_a_cpu_target_tells_the_machine_and_a_machine_alone_no_target() -> None:
    pools = parse_pools([{"name": "a", "cpu_target": "aarch64/generic", "node_selector": {"p": "a"}}])
    assert pools[0].machine == "aarch64"
    pools = parse_pools([{"name": "a", "machine": "riscv64", "node_selector": {"p": "a"}}])
    assert (pools[0].machine, pools[0].cpu_target) == ("riscv64", None)


def test_what_a_node_has_of_the_rest_is_no_bound() -> None:
    (pool,) = parse_pools([{"name": "a", "cpu": 8}])
    assert pool.node == Resources(8, inf, {})


@pytest.mark.parametrize("target", known_targets())
def test_every_target_of_eessi_can_be_declared(target: CpuTarget) -> None:
    (pool,) = parse_pools([{"name": "a", "cpu_target": target.path}])
    assert pool.cpu_target == target


A: dict[str, Any] = {"name": "a", "node_selector": {"pool": "a"}}
WRONG: list[tuple[Any, str]] = [
    ("zen4", "A list of pools was expected, 'zen4' came."),
    ({"a": {}}, "A list of pools was expected"),
    (["zen4"], "A pool was expected as a mapping, 'zen4' came."),
    ([{}], "The 'name' of a pool cannot be used: 1 to 63 of a-z, 0-9, '.' and '-' was expected, None came."),
    ([{"name": "Zen4"}], "'Zen4' came."),
    ([{"name": "a" * 64}], "1 to 63 of a-z"),
    ([{**A, "taint": []}], "Pool 'a' has no key 'taint'. Its keys are: name, cpu_target,"),
    ([{**A, "cpu_target": "x86_64/amd/zen6"}], "'cpu_target' of pool 'a' cannot be used: EESSI has no CPU target"),
    ([{**A, "cpu_target": "x86_64/amd/zen6"}], "Its targets near that are: x86_64/amd/zen5, x86_64/amd/zen4,"),
    ([{**A, "cpu_target": "zen4"}], "'cpu_target' of pool 'a' cannot be used: 'zen4' is not a CPU target."),
    ([{**A, "cpu_target": 4}], "A CPU target was expected, 4 came."),
    ([{**A, "machine": "amd64"}], "A machine type of EESSI was expected, 'amd64' came. Use one of: x86_64,"),
    ([{**A, "machine": ["x86_64"]}], "A machine type of EESSI was expected"),
    (
        [{**A, "machine": "aarch64", "cpu_target": "x86_64/amd/zen4"}],
        "Pool 'a' has the 'machine' 'aarch64' and the 'cpu_target' 'x86_64/amd/zen4', which is of x86_64.",
    ),
    ([{**A, "accelerators": "nvidia/cc80"}], "A list was expected, 'nvidia/cc80' came. Write it in brackets"),
    ([{**A, "accelerators": ["a100"]}], "'accelerators' of pool 'a' cannot be used: 'a100' is not an accelerator"),
    ([{**A, "accelerators": [80]}], "'80' is not an accelerator"),
    ([{**A, "node_selector": ["pool"]}], "A mapping was expected, ['pool'] came."),
    ([{**A, "node_selector": {"pool": True}}], "a text, was expected, True came. Put it in quotes"),
    ([{**A, "node_selector": {"-pool": "a"}}], "The key of a label was expected, '-pool' came."),
    ([{**A, "node_selector": {"pool": "a/b"}}], "The value of a label, a text, was expected, 'a/b' came."),
    ([{**A, "tolerations": TOLERATION}], "A list was expected"),
    ([{**A, "tolerations": [{"key": "a", "operator": "In"}]}], "'operator' must be Exists or Equal"),
    ([{**A, "cpu": "many"}], "'many' is not an amount that Kubernetes knows. Write it as 4,"),
    ([{**A, "cpu": True}], "An amount was expected, True came."),
    ([{**A, "cpu": 0}], "More than nothing was expected, 0 came."),
    ([{**A, "memory": "1e999"}], "More than nothing was expected, '1e999' came."),
    ([{**A, "memory": 64}], "At least 1Mi was expected, 64 came. A number without a unit is bytes: write 64Gi."),
    ([{**A, "devices": {"gpu": 1}}], "The name of an extended resource was expected, 'gpu' came."),
    ([{**A, "devices": {"nvidia.com/gpu": -1}}], "More than nothing was expected, -1 came."),
    ([{**A, "max_nodes": -1}], "A whole number, 0 or more, was expected, -1 came."),
    ([{**A, "max_nodes": "3"}], "A whole number, 0 or more, was expected, '3' came."),
    ([{**A, "max_nodes": True}], "A whole number, 0 or more, was expected, True came."),
    ([{**A, "allowed_groups": "physics"}], "A list was expected, 'physics' came."),
    ([{**A, "allowed_groups": [""]}], "The name of a group was expected, '' came."),
    ([{**A, "nfs_server": "nfs server"}], "A host's name or address was expected, 'nfs server' came."),
    ([A, A], "Two pools are called 'a'. Give each pool a 'name' of its own."),
    ([A, {"name": "b"}], "Pool 'b' has no 'node_selector', so that all nodes would be of it, and there are others."),
    ([A, {"name": "b", "node_selector": {}}], "Pool 'b' has no 'node_selector'"),
]


@pytest.mark.parametrize(("value", "words"), WRONG)
def test_a_wrong_value_says_what_was_expected_and_what_came(value: Any, words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_pools(value)
    assert words in str(raised.value)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["a", "4Gi"])
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=2)
POOLS = st.dictionaries(st.sampled_from([*FULL, "x"]), VALUES | st.sampled_from(list(FULL.values())), max_size=6)


@given(st.lists(POOLS | st.just(FULL) | VALUES, max_size=3) | VALUES)
def test_whatever_comes_is_pools_or_an_invalid_choice_of_bounded_length(value: Any) -> None:
    try:
        pools = parse_pools(value)
    except InvalidChoiceError as raised:
        error = str(raised)
    else:
        error = ""
    assert len(error) < 600
    if error:
        return
    assert len({pool.name for pool in pools}) == len(pools)
    assert all(pool.requirements for pool in pools) or len(pools) == 1
