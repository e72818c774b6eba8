"""What is amiss with node pools, for their administrator, beyond what the hub logs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from eessi_spawner.cluster.nodes import Node, Taint
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.placement.pool import NodePool
from eessi_spawner.placement.taints import not_tolerated
from eessi_spawner.spawner.pools_report import PoolReport

Json = Mapping[str, Any]

_LISTED = 3


def label_warnings(nodes: Iterable[Node], read: Callable[[Mapping[str, str]], NodeLabels]) -> dict[str, str]:
    """Return each warning that *read* gives of nodes' labels, and the same with the nodes' names."""
    names: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for warning in read(node.labels).warnings:
            names[warning].append(node.name)
    return {warning: f"{warning} So on: {_some(of)}." for warning, of in names.items()}


def taint_warnings(nodes: Iterable[Node], declared: Sequence[NodePool], tolerations: Sequence[Json]) -> Iterator[str]:
    """Say which nodes of declared pools have taints that keep the pods of their own pool away.

    Parameters
    ----------
    tolerations
        That every pod of the hub has.
    """
    names: dict[tuple[str, Taint], list[str]] = defaultdict(list)
    for node in nodes:
        owner = next((pool for pool in declared if _is_of(node, pool)), None)
        if owner:
            for taint in not_tolerated(node.taints, (*tolerations, *owner.tolerations)):
                names[owner.name, taint].append(node.name)
    for (pool, taint), of in names.items():
        yield (
            f"Nodes of pool {pool!r} have the taint {taint}, which its pods do not tolerate: {_some(of)}. Add it to the"
            " pool's 'tolerations'."
        )


def pool_warnings(pools: Iterable[PoolReport], told: Sequence[str] = ()) -> Iterator[str]:
    """Say what pools cannot run anything, or have no nodes; not of those that a warning in *told* names."""
    for pool in pools:
        if not any(repr(pool.state.pool.name) in said for said in told) and (sentence := _amiss(pool)):
            yield sentence


def _amiss(report: PoolReport) -> str:
    state, pool = report.state, report.state.pool
    if report.offers and all(offer.reason for offer in report.offers):
        return f"Nothing can run on pool {pool.name!r}: {report.offers[0].reason}."
    if report.open_nodes != 0 or state.can_grow:
        return ""
    if state.closed:
        return f"Every node of pool {pool.name!r} is closed to new pods: cordoned, or not ready."
    labels = ", ".join(f"{term['key']}={term['values'][0]}" for term in pool.requirements)
    return (
        f"Pool {pool.name!r} has no nodes: none is labelled {labels}. Correct its 'node_selector', or write how many"
        " nodes it can have as 'max_nodes'."
    )


def _is_of(node: Node, pool: NodePool) -> bool:
    return all(node.labels.get(required["key"]) in required["values"] for required in pool.requirements)


def _some(names: Sequence[str]) -> str:
    ordered = sorted(names)
    return ", ".join([*ordered[:_LISTED], *(["..."] if len(ordered) > _LISTED else [])])
