"""Pools as they are now: nodes that are declared to be a pool, and the others grouped by what they are alike in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eessi_spawner.cluster.nodes import Node
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.found_pool import Group, group_of, make_pools
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.placement.taints import not_tolerated, tolerated

Json = Mapping[str, Any]

_LISTED = 3


@dataclass(frozen=True)
class Pools:
    """All pools, those that are declared first, and what an administrator should know of them."""

    states: tuple[PoolState, ...] = ()
    warnings: tuple[str, ...] = ()


def declared_states(declared: Sequence[NodePool]) -> tuple[PoolState, ...]:
    """Return the pools where nodes cannot be read: nobody knows how much is free."""
    return tuple(map(PoolState, declared))


def found_pools(  # noqa: PLR0913  (each by its name)
    nodes: Iterable[Node],
    *,
    read: Callable[[Mapping[str, str]], NodeLabels],
    group_label: str,
    declared: Sequence[NodePool],
    used: Mapping[str, Resources] | None,
    tolerations: Sequence[Json] = (),
) -> Pools:
    """Return the pools that *nodes* make.

    A node is of the first declared pool whose requirements it meets, else of a found one.

    Parameters
    ----------
    read
        What a node's labels say of its CPU and GPUs.
    group_label
        A label that separates pools which are alike in all else; empty: none.
    used
        Node's name to what the pods on it were promised; a node that is not named is empty. None: nobody counts.
    tolerations
        That every pod of the hub has.
    """
    of_declared: dict[str, list[tuple[Node, NodeLabels]]] = {pool.name: [] for pool in declared}
    of_group: dict[Group, list[Node]] = defaultdict(list)
    readings: dict[Group, NodeLabels] = {}
    warnings: dict[str, None] = {}
    for node in nodes:
        reading = read(node.labels)
        warnings.update(dict.fromkeys(reading.warnings))
        owner = next((pool for pool in declared if _is_of(node, pool)), None)
        if owner:
            of_declared[owner.name].append((node, reading))
        else:
            group = group_of(node, reading, group_label)
            of_group[group].append(node)
            readings.setdefault(group, reading)
    found = make_pools(of_group, readings, group_label=group_label, declared=declared)
    states = [
        *(_state(pool, [node for node, _ in of_declared[pool.name]], used, tolerations) for pool in declared),
        *(_state(pool, of_group[group], used, (), ignore_taints=True) for pool, group in found),
    ]
    for pool in declared:
        warnings.update(dict.fromkeys(_mismatches(pool, of_declared[pool.name])))
    warnings.update(dict.fromkeys(_unreported(of_group)))
    warnings.update(dict.fromkeys(_unreachable((pool for pool, _ in found), tolerations)))
    return Pools(tuple(states), tuple(warnings))


def _is_of(node: Node, pool: NodePool) -> bool:
    """Say whether *node* meets the requirements of a declared pool, which are made of a node selector."""
    return all(node.labels.get(required["key"]) in required["values"] for required in pool.requirements)


def _state(
    pool: NodePool,
    nodes: Sequence[Node],
    used: Mapping[str, Resources] | None,
    tolerations: Sequence[Json],
    *,
    ignore_taints: bool = False,
) -> PoolState:
    """Return the state of *pool*; nodes whose taints its pods do not tolerate are closed to them."""
    accepted = (*tolerations, *pool.tolerations)
    reachable = [node for node in nodes if ignore_taints or not node.taints or tolerated(node.taints, accepted)]
    is_open = [node for node in reachable if node.is_open]
    rooms: tuple[Resources, ...] | None = None
    if used is not None:
        rooms = tuple(node.allocatable - used[node.name] if node.name in used else node.allocatable for node in is_open)
    elif not is_open:
        rooms = ()
    sizes = {
        (size.cpu, size.memory, tuple(sorted(size.devices.items()))): size
        for size in (node.allocatable for node in reachable)
    }
    return PoolState(pool, rooms, len(nodes) - len(is_open), tuple(sizes.values()))


def _mismatches(pool: NodePool, nodes: Sequence[tuple[Node, NodeLabels]]) -> Iterator[str]:
    """Say where nodes of a declared pool report a CPU that does not run the builds it is declared for."""
    wrong = defaultdict(list)
    for node, reading in nodes:
        if pool.cpu_target and reading.target and not reading.target.runs(pool.cpu_target):
            wrong[reading.target].append(node.name)
    for target, names in wrong.items():
        yield (
            f"Pool {pool.name!r} is declared as {pool.cpu_target}, and nodes of it report {target}, which does not run"
            f" those builds: {_some(names)}. Declare it with a target that all of its nodes run."
        )


def _unreported(of_group: Mapping[Group, Sequence[Node]]) -> Iterator[str]:
    names = [node.name for group, nodes in of_group.items() if group.target is None for node in nodes]
    if names:
        count = "1 node reports" if len(names) == 1 else f"{len(names)} nodes report"
        yield f"{count} no CPU target: {_some(names)}. Install the labels with 'eessi-spawner labels'."


def _unreachable(pools: Iterable[NodePool], tolerations: Sequence[Json]) -> Iterator[str]:
    for pool in pools:
        taints = not_tolerated(pool.taints, tolerations)
        if taints:
            yield (
                f"No server can run on pool {pool.name!r}: its taint {taints[0]} is not tolerated. Add a toleration, or"
                " declare the pool with one."
            )


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else ""
    return ", ".join(ordered[:_LISTED]) + more
