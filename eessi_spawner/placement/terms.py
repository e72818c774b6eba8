"""The terms that send a pod to the nodes of its pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eessi_spawner.placement.pool import NodePool

Json = Mapping[str, Any]

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True)
class NodePlacement:
    """What a pod needs to come to its nodes, and to no others.

    Attributes
    ----------
    requirements
        Expressions of a node affinity, all of which must hold besides what the pod requires already.
    tolerations
        To add to the pod's.
    """

    requirements: tuple[Json, ...] = ()
    tolerations: tuple[Json, ...] = ()


def placement_of(pool: NodePool | None, *, pin: Json | None = None) -> NodePlacement:
    """Return what sends a pod to *pool*; None: to any node.

    Parameters
    ----------
    pin
        The expression that selects nodes which run the pinned CPU target. Needed where there is no pool. With a pool it
        is needed only if the pool's own CPU target is not to be relied on: nodes that an autoscaler is yet to make
        may lack labels, and would never be made for it.
    """
    requirements = pool.requirements if pool else ()
    return NodePlacement((*requirements, *((pin,) if pin else ())), pool.tolerations if pool else ())


def and_into(affinity: Json | None, requirements: Sequence[Json]) -> dict[str, Any]:
    """Return *affinity*, a pod's, where every node must meet *requirements* as well.

    Terms are ORed and the expressions of a term ANDed, so that each term gets all of them; a term that is empty selects
    no node, and stays so (`NodeSelectorTerm`, `k8s.io/api/core/v1/types.go`).
    """
    result = dict(affinity or {})
    if not requirements:
        return result
    nodes = dict(result.get("nodeAffinity") or {})
    required = nodes.get(_REQUIRED)
    if required is None:
        terms = [{"matchExpressions": list(requirements)}]
    else:
        terms = [_with(term, requirements) for term in required.get("nodeSelectorTerms") or ()]
    return {**result, "nodeAffinity": {**nodes, _REQUIRED: {**(required or {}), "nodeSelectorTerms": terms}}}


def _with(term: Json, requirements: Sequence[Json]) -> dict[str, Any]:
    expressions = list(term.get("matchExpressions") or ())
    if not expressions and not term.get("matchFields"):
        return dict(term)
    new = [requirement for requirement in requirements if requirement not in expressions]
    return {**term, "matchExpressions": [*expressions, *new]}


def add_tolerations(present: Sequence[Json] | None, added: Sequence[Json]) -> list[Json]:
    """Return *present*, and of *added* those that are not among them."""
    result = list(present or ())
    for toleration in added:
        if toleration not in result:
            result.append(toleration)
    return result
