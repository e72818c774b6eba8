"""A hub's pools over an inventory that is filled by hand."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from eessi_spawner.cluster.inventory import Inventory, _parse_pod
from eessi_spawner.cluster.nodes import Node, node_from_json
from eessi_spawner.cluster.watch import WatchState
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.labels import Labels
from eessi_spawner.spawner.hub_pools import HubPools, Patience

Json = Mapping[str, Any]


def a_node(name: str, cpu: str = "8", **labels: str) -> Node:
    return node_from_json(
        {
            "metadata": {"name": name, "labels": labels},
            "status": {
                "allocatable": {"cpu": cpu, "memory": "32Gi"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }
    )


def a_pod(uid: str, node: str, cpu: str = "1") -> Json:
    spec = {"nodeName": node, "containers": [{"resources": {"requests": {"cpu": cpu}}}]}
    return {"metadata": {"uid": uid}, "spec": spec, "status": {"phase": "Running"}}


def let_state_be(inventory: Inventory, *, nodes: WatchState | None = None, pods: WatchState | None = None) -> None:
    """Let the watches of *inventory* be in these states."""
    if nodes:
        inventory._node_watch = SimpleNamespace(state=nodes)  # type: ignore[assignment]
    if pods:
        inventory._pod_watch = SimpleNamespace(state=pods)  # type: ignore[assignment]


def filled(nodes: Sequence[Node], pods: Sequence[Json] | None = ()) -> Inventory:
    """Return an inventory of *nodes* and of all *pods*; None: those of others may not be read."""
    inventory = Inventory()
    let_state_be(inventory, nodes=WatchState("fresh"), pods=WatchState("refused" if pods is None else "fresh"))
    inventory._set_nodes(list(nodes))
    inventory._set_pods(list(map(_parse_pod, pods or ())))
    return inventory


def pools_over(
    inventory: Inventory | None, declared: Sequence[Json] = (), log: logging.Logger | None = None
) -> HubPools:
    return HubPools(
        parse_pools(list(declared)),
        labels=Labels("eessi.io"),
        group_label="",
        tolerations=(),
        inventory=inventory,
        patience=Patience(),
        log=log or logging.getLogger(__name__),
    )


def watched(nodes: Sequence[Node], pods: Sequence[Json] | None = (), *, declared: Sequence[Json] = ()) -> HubPools:
    return pools_over(filled(nodes, pods), declared)
