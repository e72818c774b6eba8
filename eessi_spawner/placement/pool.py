"""Node pools: sets of nodes that are alike in all that decides what runs on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.stack.cpu_targets import CpuTarget

Json = Mapping[str, Any]


@dataclass(frozen=True)
class NodePool:
    """What all nodes of a pool have in common, and who may use it.

    Attributes
    ----------
    name
        Unique in a hub.
    cpu_target
        The best CPU target that all of its nodes run. None: not known; kernels detect the CPU themselves.
    machine
        The machine type, as `uname -m` prints it; empty where that is not known either.
    accelerators
        GPU targets of its nodes, as EESSI names them (`nvidia/cc80`).
    requirements
        What selects its nodes: terms of a node affinity (`{"key", "operator", "values"}`), all of which must hold.
    taints
        Of its nodes.
    tolerations
        That the administrator gives pods of this pool, as Kubernetes spells them.
    node
        What one node can give to pods; None: not known.
    max_nodes
        To how many nodes it can grow; None: it does not grow, as far as is known.
    allowed_groups
        Of JupyterHub; empty: everybody.
    nfs_server
        The server of an `nfs` attachment for its pods; empty: the one that the attachment names.
    is_declared
        Whether it stands in the configuration, rather than being found from nodes' labels.
    """

    name: str
    cpu_target: CpuTarget | None = None
    machine: str = ""
    accelerators: tuple[str, ...] = ()
    requirements: tuple[Json, ...] = ()
    taints: tuple[Taint, ...] = ()
    tolerations: tuple[Json, ...] = ()
    node: Resources | None = None
    max_nodes: int | None = None
    allowed_groups: frozenset[str] = frozenset()
    nfs_server: str = ""
    is_declared: bool = False


@dataclass(frozen=True)
class PoolState:
    """A pool as it is now.

    Attributes
    ----------
    pool
        The pool.
    rooms
        What is free on each of its nodes that takes new pods. None: nobody counts them.
    closed
        How many nodes it has besides: cordoned, not ready, or with a taint that its pods do not tolerate.
    sizes
        What nodes of it can give to pods in all, each amount once; empty: no node is known.
    """

    pool: NodePool
    rooms: tuple[Resources, ...] | None = None
    closed: int = 0
    sizes: tuple[Resources, ...] = ()
    _free: dict[object, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def largest(self) -> tuple[Resources, ...]:
        """What a pod can get of an empty node: of those that are there, else of those that are declared."""
        return self.sizes or ((self.pool.node,) if self.pool.node else ())

    @property
    def can_grow(self) -> bool:
        """Whether more nodes can come than there are."""
        return (self.pool.max_nodes or 0) > len(self.rooms or ()) + self.closed

    def free_for(self, resources: Resources) -> int | None:
        """Return on how many nodes there is room for *resources* now; None: nobody counts."""
        if self.rooms is None:
            return None
        # Asked for each release and CPU of a form, and for each user's.
        asked = (resources.cpu, resources.memory, *sorted(resources.devices.items()))
        if asked not in self._free:
            self._free[asked] = sum(resources.fits_in(room) for room in self.rooms)
        return self._free[asked]


def allowed(states: Iterable[PoolState], groups: Collection[str]) -> tuple[PoolState, ...]:
    """Return the pools that a member of *groups* may use."""
    return tuple(
        state for state in states if not state.pool.allowed_groups or not state.pool.allowed_groups.isdisjoint(groups)
    )
