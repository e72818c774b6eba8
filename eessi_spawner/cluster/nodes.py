"""Nodes: what of them decides which pods they can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eessi_spawner.cluster.resources import Resources, reported_resources

Json = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Taint:
    """What keeps pods away from a node that do not tolerate it."""

    key: str
    value: str = ""
    effect: str = "NoSchedule"

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True)
class Node:
    """A node of the cluster.

    Attributes
    ----------
    name
        Its name.
    labels
        All of them.
    taints
        That keep pods away for as long as the node is as it is; not those of its state (not ready, cordoned).
    allocatable
        What it can give to pods.
    is_ready
        Whether its kubelet reports, and takes pods.
    is_cordoned
        Whether an administrator has closed it to new pods.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    taints: tuple[Taint, ...] = ()
    allocatable: Resources = field(default_factory=Resources)
    is_ready: bool = True
    is_cordoned: bool = False

    @property
    def is_open(self) -> bool:
        """Whether new pods may come."""
        return self.is_ready and not self.is_cordoned


# Set by Kubernetes itself for a state that the node reports besides (`pkg/controller/nodelifecycle`).
_STATE_TAINTS = "node.kubernetes.io/"


def node_from_json(data: Json) -> Node:
    """Return the node that Kubernetes' JSON describes; what it does not report counts as nothing."""
    spec, status = data.get("spec") or {}, data.get("status") or {}
    metadata = data.get("metadata") or {}
    return Node(
        name=metadata.get("name", ""),
        labels=MappingProxyType(metadata.get("labels") or {}),
        taints=tuple(
            Taint(taint.get("key", ""), taint.get("value") or "", taint.get("effect", "NoSchedule"))
            for taint in spec.get("taints") or ()
            if not taint.get("key", "").startswith(_STATE_TAINTS) and taint.get("effect") != "PreferNoSchedule"
        ),
        allocatable=reported_resources(status.get("allocatable")),
        is_ready=any(
            condition.get("type") == "Ready" and condition.get("status") == "True"
            for condition in status.get("conditions") or ()
        ),
        is_cordoned=bool(spec.get("unschedulable")),
    )
