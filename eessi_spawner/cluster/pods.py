"""Pods: what of a node each of them takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from eessi_spawner.cluster.resources import Resources, reported_resources

Json = Mapping[str, Any]

_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class PodUse:
    """What a pod takes of the node that it is bound to.

    Attributes
    ----------
    uid
        The pod's, which no other pod has had.
    node
        The node's name.
    request
        What the scheduler counts for it.
    """

    uid: str
    node: str
    request: Resources


def pod_use_from_json(data: Json) -> PodUse | None:
    """Return what the pod that Kubernetes' JSON describes takes, or None if it takes nothing of any node.

    So it is with a pod that waits for a node, with one that has run to its end, and with one of a priority below
    nothing: it keeps a place warm for users' pods and makes room for them (Zero to JupyterHub's user placeholders).
    """
    spec = data.get("spec") or {}
    node = spec.get("nodeName")
    if not node or (spec.get("priority") or 0) < 0 or (data.get("status") or {}).get("phase") in _FINISHED:
        return None
    return PodUse((data.get("metadata") or {}).get("uid", ""), node, _effective_request(spec))


def _effective_request(spec: Json) -> Resources:
    """Return what the scheduler counts (`k8s.io/component-helpers/resource/helpers.go`, PodRequests).

    A resize in place that is under way counts as what was asked for.
    """
    running = sum((_request(container) for container in spec.get("containers") or ()), Resources())
    sidecars = Resources()
    at_start: list[Resources] = []
    for container in spec.get("initContainers") or ():
        request = _request(container)
        at_start.append(sidecars + request)
        if container.get("restartPolicy") == "Always":
            sidecars += request
    needed = reduce(or_, at_start, running + sidecars)
    return _of_whole_pod(spec, needed) + reported_resources(spec.get("overhead"))


def _of_whole_pod(spec: Json, needed: Resources) -> Resources:
    """Replace by what is asked for the pod as a whole, which can only be CPU and memory."""
    asked = (spec.get("resources") or {}).get("requests")
    if not asked:
        return needed
    whole = reported_resources(asked)
    return Resources(
        whole.cpu if "cpu" in asked else needed.cpu,
        whole.memory if "memory" in asked else needed.memory,
        needed.devices,
    )


def _request(container: Json) -> Resources:
    return reported_resources((container.get("resources") or {}).get("requests"))
