"""Pools that nobody declared: which nodes are alike, what such a pool is called, and what selects its nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any, NamedTuple

from eessi_spawner.cluster.nodes import Node, Taint
from eessi_spawner.placement.labels import ARCH_LABEL, MACHINES
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.placement.pool import NodePool
from eessi_spawner.placement.request import has_gpu
from eessi_spawner.stack.cpu_targets import CpuTarget

Json = Mapping[str, Any]

# Labels of a node that say what GPUs it has: ours, whatever their domain, and those of NVIDIA's GPU Feature Discovery.
_GPU_LABEL = re.compile(r"gpu\.[^/]+/.+|nvidia\.com/gpu\.compute\.(major|minor)")


class Group(NamedTuple):
    """What nodes of one found pool have in common; all of it decides what runs there, or who may."""

    target: CpuTarget | None
    target_label: str
    arch: str
    accelerators: tuple[str, ...]
    has_gpu: bool
    taints: tuple[Taint, ...]
    value: str | None

    @property
    def machine(self) -> str:
        """The machine type, as `uname -m` prints it; empty: not known."""
        return MACHINES.get(self.arch, self.arch) or (self.target.machine if self.target else "")

    @property
    def order(self) -> tuple[object, ...]:
        """What groups are sorted by, whatever order their nodes came in."""
        target = self.target.path if self.target else ""
        return (
            target,
            self.target_label,
            self.arch,
            self.accelerators,
            self.has_gpu,
            self.taints,
            self.value or "",
            self.value is None,
        )


def group_of(node: Node, reading: NodeLabels, group_label: str) -> Group:
    """Return what decides which found pool *node* is of."""
    return Group(
        reading.target,
        reading.requirement["key"] if reading.requirement else "",
        node.labels.get(ARCH_LABEL, ""),
        reading.accelerators,
        bool(reading.accelerators) or has_gpu(node.allocatable),
        tuple(sorted(set(node.taints))),
        node.labels.get(group_label) if group_label else None,
    )


def make_pools(
    groups: Mapping[Group, Sequence[Node]],
    readings: Mapping[Group, NodeLabels],
    *,
    group_label: str,
    declared: Sequence[NodePool],
) -> list[tuple[NodePool, Group]]:
    """Return a pool for each group, sorted by name; *declared* are pools whose names and nodes are not to be taken."""
    with_gpus = (node.labels for group, nodes in groups.items() if group.has_gpu for node in nodes)
    gpu_labels = sorted(filter(_GPU_LABEL.fullmatch, set[str]().union(*with_gpus)))
    pools: list[tuple[NodePool, Group]] = []
    taken = {pool.name for pool in declared}
    for group in sorted(groups, key=lambda group: group.order):
        plain = _name(group)
        numbered = (f"{plain}-{number}" for number in count(2))
        name = next(name for name in chain([plain], numbered) if name not in taken)
        taken.add(name)
        nodes = groups[group]
        requirements = (
            *filter(None, [readings[group].requirement]),
            *([_within(ARCH_LABEL, [group.arch])] if group.arch else []),
            *([_only(group_label, group.value)] if group_label else []),
            *_gpu_terms(nodes, gpu_labels),
            *_apart(nodes, declared, group_label),
        )
        pool = NodePool(name, group.target, group.machine, group.accelerators, requirements, group.taints)
        pools.append((pool, group))
    return sorted(pools, key=lambda found: found[0].name)


def _name(group: Group) -> str:
    """Return a name that depends on the group alone, so that it stays when other nodes come and go."""
    cpu = group.target.short_name if group.target else group.machine or "nodes"
    gpus = [accelerator.rpartition("/")[2] for accelerator in group.accelerators]
    taints = [taint.key.rpartition("/")[2] for taint in group.taints]
    parts = [cpu, *(["gpu"] if group.has_gpu else []), *gpus, *([group.value] if group.value else []), *taints]
    return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-.")


def _within(key: str, values: Sequence[str]) -> Json:
    return {"key": key, "operator": "In", "values": list(values)}


def _only(key: str, value: str | None) -> Json:
    return {"key": key, "operator": "DoesNotExist"} if value is None else _within(key, [value])


def _gpu_terms(nodes: Sequence[Node], keys: Sequence[str]) -> Iterator[Json]:
    """Tell nodes with these GPUs, or with none, from others by those labels in which they agree."""
    for key in keys:
        values = {node.labels.get(key) for node in nodes}
        if len(values) == 1:
            yield _only(key, next(iter(values)))


def _apart(nodes: Sequence[Node], declared: Sequence[NodePool], group_label: str) -> Iterator[Json]:
    """Keep away from nodes of declared pools, which may be for other people: each by a label that no node here has."""
    excluded: dict[str, list[str]] = {}
    for pool in declared:
        for required in pool.requirements:
            key, values = required["key"], required["values"]
            if all(node.labels.get(key) not in values for node in nodes):
                if key != group_label:
                    excluded.setdefault(key, []).extend(values)
                break
    for key, values in excluded.items():
        yield {"key": key, "operator": "NotIn", "values": list(dict.fromkeys(values))}
