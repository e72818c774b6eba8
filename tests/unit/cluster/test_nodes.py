"""A node is what decides which pods it can take: no more, so that a heartbeat leaves it as it was."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.cluster.nodes import Node, Taint, node_from_json
from eessi_spawner.cluster.resources import Resources

READY = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}
PRESSURE = {"type": "MemoryPressure", "status": "False"}


def node(conditions: Any = (READY,), **spec: Any) -> Node:
    return node_from_json({"metadata": {"name": "a"}, "spec": spec, "status": {"conditions": list(conditions)}})


def test_a_node_has_its_name_labels_and_what_it_can_give() -> None:
    status = {"allocatable": {"cpu": "7910m", "memory": "30Gi"}, "capacity": {"cpu": "8"}, "conditions": [READY]}
    data = {"metadata": {"name": "a", "labels": {"kubernetes.io/arch": "arm64"}}, "spec": {}, "status": status}
    assert node_from_json(data) == Node("a", {"kubernetes.io/arch": "arm64"}, (), Resources(7.91, 30 * 2**30))


@pytest.mark.parametrize(
    ("conditions", "is_ready"),
    [
        ([PRESSURE, READY], True),
        ([READY | {"status": "False"}], False),
        ([READY | {"status": "Unknown"}], False),
        ([PRESSURE | {"status": "True"}], False),
        ([], False),
    ],
)
def test_a_node_is_ready_if_its_kubelet_says_so(conditions: list[Any], is_ready: bool) -> None:  # noqa: FBT001
    assert node(conditions).is_ready is is_ready


def test_a_node_is_open_while_it_is_ready_and_not_cordoned() -> None:
    assert node().is_open
    assert not node(unschedulable=True).is_open
    assert not node([]).is_open


def test_taints_of_its_state_and_those_that_only_prefer_are_left_out() -> None:
    taints = [
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
        {"key": "spot", "value": "true", "effect": "PreferNoSchedule"},
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
        {"key": "dedicated", "effect": "NoExecute"},
    ]
    found = node(taints=taints).taints
    assert found == (Taint("nvidia.com/gpu", "present"), Taint("dedicated", effect="NoExecute"))
    assert [str(taint) for taint in found] == ["nvidia.com/gpu=present:NoSchedule", "dedicated:NoExecute"]


def test_a_node_that_has_just_been_made_gives_nothing_yet() -> None:
    assert node_from_json({"metadata": {"name": "a"}}) == Node("a", is_ready=False)


def test_a_heartbeat_leaves_a_node_as_it_was() -> None:
    later = READY | {"lastHeartbeatTime": "2026-01-01T00:05:00Z"}
    assert node([later]) == node([READY])
