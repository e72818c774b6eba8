"""What pods take of each node, counted pod by pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from eessi_spawner.cluster.pods import PodUse
from eessi_spawner.cluster.resources import Resources


class Usage:
    """The pods that take something, and what they take together.

    A node's sum is made anew from its pods when it is next asked for: a sum that is added to and subtracted from for
    months would not come back to nothing.
    """

    def __init__(self) -> None:
        self._pods: dict[str, PodUse] = {}
        self._of_node: dict[str, dict[str, Resources]] = {}
        self._sums: dict[str, Resources] = {}
        self._outdated: set[str] = set()

    @property
    def by_node(self) -> Mapping[str, Resources]:
        """What is taken, by the name of the node; of a node that is not in it, nothing is."""
        for node in self._outdated:
            if requests := self._of_node.get(node):
                self._sums[node] = sum(requests.values(), Resources())
            else:
                self._sums.pop(node, None)
        self._outdated.clear()
        return MappingProxyType(self._sums)

    def put(self, uid: str, use: PodUse | None) -> bool:
        """Let *use* be what the pod *uid* takes from now on, and say whether that is a change."""
        before = self._pods.get(uid)
        if use == before:
            return False
        if before is not None:
            del self._pods[uid]
            requests = self._of_node[before.node]
            del requests[uid]
            if not requests:
                del self._of_node[before.node]
            self._outdated.add(before.node)
        if use is not None:
            self._pods[uid] = use
            self._of_node.setdefault(use.node, {})[uid] = use.request
            self._outdated.add(use.node)
        return True

    def replace(self, uses: Iterable[PodUse]) -> bool:
        """Let *uses* be all that is taken, and say whether that is a change."""
        now = {use.uid: use for use in uses}
        changes = [self.put(uid, None) for uid in self._pods.keys() - now.keys()]
        changes += [self.put(uid, use) for uid, use in now.items()]
        return any(changes)
