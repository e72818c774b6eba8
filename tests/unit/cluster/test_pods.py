"""What a pod takes of its node is what the scheduler counts for it."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.cluster.pods import pod_use_from_json
from eessi_spawner.cluster.resources import Resources


def container(cpu: str = "0", memory: str = "0", **more: Any) -> dict[str, Any]:
    gpus = {"nvidia.com/gpu": str(more.pop("gpus"))} if "gpus" in more else {}
    return {"resources": {"requests": {"cpu": cpu, "memory": memory, **gpus}}, **more}


def sidecar(cpu: str = "0", memory: str = "0") -> dict[str, Any]:
    return container(cpu, memory, restartPolicy="Always")


def pod(phase: str | None = "Running", node: str = "node-a", **spec: Any) -> dict[str, Any]:
    bound = {"nodeName": node} if node else {}
    return {"metadata": {"uid": "1"}, "spec": {**bound, **spec}, "status": {"phase": phase} if phase else {}}


MI = 2.0**20

# The amounts of `TestPodResourceRequests` (k8s.io/component-helpers/resource/helpers_test.go) are of this kind.
REQUESTS = {
    "nothing": ({"containers": [{}]}, Resources()),
    "one container": ({"containers": [container("250m", "64Mi")]}, Resources(0.25, 64 * MI)),
    "containers add up": ({"containers": [container("1"), container("2", "1Mi")]}, Resources(3, MI)),
    "a larger init container decides": (
        {"containers": [container("1", "4Mi")], "initContainers": [container("2", "1Mi")]},
        Resources(2, 4 * MI),
    ),
    "init containers run one after the other": (
        {"containers": [container("1")], "initContainers": [container("2"), container("3"), container("1")]},
        Resources(3),
    ),
    "a sidecar runs beside the containers": (
        {"containers": [container("1")], "initContainers": [sidecar("2")]},
        Resources(3),
    ),
    "an init container runs beside the sidecars before it": (
        {"containers": [container("1")], "initContainers": [sidecar("2"), container("4"), sidecar("8")]},
        Resources(11),
    ),
    "and not beside those after it": (
        {"containers": [container("1")], "initContainers": [container("10"), sidecar("2")]},
        Resources(10),
    ),
    "beside sidecars an init container may decide": (
        {"containers": [container("1")], "initContainers": [sidecar("2"), container("4")]},
        Resources(6),
    ),
    "the overhead comes on top of the largest": (
        {
            "containers": [container("1")],
            "initContainers": [container("3")],
            "overhead": {"cpu": "500m", "memory": "2Mi"},
        },
        Resources(3.5, 2 * MI),
    ),
    "what is asked for the whole pod replaces": (
        {"containers": [container("1", "8Mi", gpus=1)], "resources": {"requests": {"cpu": "6"}}},
        Resources(6, 8 * MI, {"nvidia.com/gpu": 1}),
    ),
    "limits of the whole pod do not": (
        {"containers": [container("1")], "resources": {"limits": {"cpu": "6"}}},
        Resources(1),
    ),
    "devices of an init container count as the rest": (
        {"containers": [container("1", gpus=1)], "initContainers": [container("1", gpus=2)]},
        Resources(1, 0, {"nvidia.com/gpu": 2}),
    ),
}


@pytest.mark.parametrize(("spec", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_the_request_of_a_pod_is_the_schedulers(spec: dict[str, Any], expected: Resources) -> None:
    use = pod_use_from_json(pod(**spec))
    assert use is not None
    assert (use.uid, use.node) == ("1", "node-a")
    assert (use.request.cpu, use.request.memory) == (expected.cpu, expected.memory)
    assert {name: count for name, count in use.request.devices.items() if count} == expected.devices


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown", None])
def test_a_pod_on_a_node_takes_room_from_the_moment_it_is_bound(phase: str | None) -> None:
    assert pod_use_from_json(pod(phase, containers=[container("1")])) is not None


@pytest.mark.parametrize(("phase", "node"), [("Succeeded", "node-a"), ("Failed", "node-a"), ("Pending", "")])
def test_a_finished_pod_and_one_without_a_node_take_nothing(phase: str, node: str) -> None:
    assert pod_use_from_json(pod(phase, node, containers=[container("1")])) is None


@pytest.mark.parametrize(("priority", "takes"), [(-10, False), (0, True), (None, True), (2_000_000_000, True)])
def test_a_placeholder_makes_room_for_users_and_takes_none(priority: int | None, *, takes: bool) -> None:
    found = pod("Running", containers=[container("1")])
    found["spec"]["priority"] = priority
    assert (pod_use_from_json(found) is not None) is takes
