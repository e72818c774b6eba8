"""The inventory: what the hub knows now of the cluster's nodes and of what is taken of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from logging import Logger, getLogger
from typing import Any

from eessi_spawner.cluster.nodes import Node, node_from_json
from eessi_spawner.cluster.pods import PodUse, pod_use_from_json
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.cluster.usage import Usage
from eessi_spawner.cluster.watch import ListWatch, WatchState

Json = Mapping[str, Any]

# Those that take nothing of a node need not be sent.
_BOUND = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
_PERIOD_SECONDS = 0.05


class Inventory:
    """The nodes, and what pods take of them; one for a hub, kept up to date by two watches.

    Attributes
    ----------
    nodes
        By name; a node that changes is replaced.
    version
        Grows with each change of `nodes` or `used`: what was made of them can be kept until it does. A node that only
        reports that it lives changes nothing.
    """

    def __init__(self, log: Logger | None = None) -> None:
        self.nodes: dict[str, Node] = {}
        self.version = 0
        self._log = log or getLogger(__name__)
        self._usage = Usage()
        self._node_watch: ListWatch[Node] | None = None
        self._pod_watch: ListWatch[tuple[str, PodUse | None]] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def used(self) -> Mapping[str, Resources]:
        """What pods take, by the name of the node: all pods if `pods_known`, else those that `use_own` was given."""
        return self._usage.by_node

    @property
    def nodes_state(self) -> WatchState:
        """Whether `nodes` can be relied on."""
        return self._node_watch.state if self._node_watch else WatchState()

    @property
    def pods_state(self) -> WatchState:
        """Whether all pods are counted."""
        return self._pod_watch.state if self._pod_watch else WatchState()

    @property
    def pods_known(self) -> bool:
        """Whether `used` counts all pods of the cluster, as they are or were lately."""
        return self.pods_state.kind in {"fresh", "stale"}

    def start(self, api_client: Any, *, watch_pods: bool) -> None:
        """Begin to watch, by tasks of the running event loop; it is not waited for what they find.

        Parameters
        ----------
        api_client
            An `ApiClient` of kubernetes_asyncio.
        watch_pods
            Whether pods of all namespaces are to be counted.
        """
        self._node_watch = ListWatch(
            api_client, "/api/v1/nodes", node_from_json, self._set_nodes, self._set_node, self._log
        )
        watches: list[ListWatch[Any]] = [self._node_watch]
        if watch_pods:
            self._pod_watch = ListWatch(
                api_client,
                "/api/v1/pods",
                _parse_pod,
                self._set_pods,
                self._set_pod,
                self._log,
                {"fieldSelector": _BOUND},
            )
            watches.append(self._pod_watch)
        self._tasks = [asyncio.create_task(watch.run(), name=f"watch {watch.path}") for watch in watches]

    async def settled(self, seconds: float) -> None:
        """Wait until each watch has its first list or has been told why it gets none, for *seconds* at most."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while clock() - began < seconds:
            if all(state.kind != "waiting" or state.reason for state in (self.nodes_state, self.pods_state)):
                return
            await asyncio.sleep(_PERIOD_SECONDS)

    async def stop(self) -> None:
        """End both watches; what is known stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._node_watch = self._pod_watch = None

    def use_own(self, pods: Iterable[Json]) -> None:
        """Count these pods alone (the hub's own, as Kubernetes' JSON) for as long as all pods may not be read."""
        if not self.pods_known:
            uses = map(pod_use_from_json, pods)
            self._changed(self._usage.replace(use for use in uses if use is not None))

    def _set_nodes(self, nodes: list[Node]) -> None:
        now = {node.name: node for node in nodes}
        changed = now != self.nodes
        self.nodes = now
        self._changed(changed)

    def _set_node(self, kind: str, node: Node) -> None:
        if kind == "DELETED":
            self._changed(self.nodes.pop(node.name, None) is not None)
        elif self.nodes.get(node.name) != node:
            self.nodes[node.name] = node
            self._changed(True)

    def _set_pods(self, pods: list[tuple[str, PodUse | None]]) -> None:
        self._changed(self._usage.replace(use for _, use in pods if use is not None))

    def _set_pod(self, kind: str, pod: tuple[str, PodUse | None]) -> None:
        uid, use = pod
        self._changed(self._usage.put(uid, None if kind == "DELETED" else use))

    def _changed(self, really: bool) -> None:  # noqa: FBT001
        self.version += really


def _parse_pod(data: Json) -> tuple[str, PodUse | None]:
    return data["metadata"]["uid"], pod_use_from_json(data)
