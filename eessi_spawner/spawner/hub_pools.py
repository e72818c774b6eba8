"""The hub's node pools as they are now: those declared, and those found by the one watch of the cluster's nodes."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from logging import Logger
from typing import Any
from weakref import WeakKeyDictionary

from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.found import declared_states, found_pools
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.pool import NodePool, PoolState

Json = Mapping[str, Any]

_FIRST_LIST_SECONDS = 5.0
_PERIOD_SECONDS = 0.05
# One spawn asks several times, and a class spawns at once: a large cluster is looked at but once a second.
_LOOK_SECONDS = 1.0
_NEVER = -1
# Of configurations: profiles and hooks can give each server tolerations of its own.
_KEPT = 64


class Patience:
    """Waits for the first list of nodes, a moment and once: a form without pools would not be true a second later."""

    def __init__(self) -> None:
        self._until: float | None = None

    async def wait_for(self, inventory: Inventory) -> None:
        """Wait until *inventory* knows nodes, at most until five seconds after this was first asked."""
        clock = asyncio.get_running_loop().time
        if self._until is None:
            self._until = clock() + _FIRST_LIST_SECONDS
        # Asked for by few, once in a hub's life.
        while inventory.nodes_state.kind == "waiting" and clock() < self._until:  # noqa: ASYNC110
            await asyncio.sleep(_PERIOD_SECONDS)


class HubPools:
    """The pools of one configuration.

    Parameters
    ----------
    declared
        What the configuration declares.
    labels
        What the labels are called that say what a node runs.
    group_label
        A label that separates pools which are alike in all else; empty: none.
    tolerations
        That every pod of the hub has.
    inventory
        The hub's knowledge of nodes and pods; None: only what is declared is known.
    patience
        How long the first list of nodes is waited for.
    """

    def __init__(  # noqa: PLR0913  (each by its name)
        self,
        declared: tuple[NodePool, ...],
        *,
        labels: Labels,
        group_label: str,
        tolerations: Sequence[Json],
        inventory: Inventory | None,
        patience: Patience,
        log: Logger,
    ) -> None:
        self._declared = declared
        self._labels = labels
        self._group_label = group_label
        self._tolerations = tolerations
        self._inventory = inventory
        self._patience = patience
        self._log = log
        self._states = declared_states(declared)
        self._version = _NEVER
        self._next_look = 0.0
        self._warned: set[str] = set()

    async def states(self, own_pods: Iterable[Json] | None = None) -> tuple[PoolState, ...]:
        """Return the pools as they were a second ago at most; none where nothing is declared or known of nodes.

        Parameters
        ----------
        own_pods
            The hub's own pods, as Kubernetes' JSON: they are counted where those of others may not be read. None: not
            known.
        """
        inventory = self._inventory
        if inventory is None:
            return self._states
        await self._patience.wait_for(inventory)
        now = asyncio.get_running_loop().time()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            if own_pods is not None:
                inventory.use_own(own_pods)
            # Nodes that were known and have all gone are news as well.
            if (inventory.nodes or self._version != _NEVER) and self._version != inventory.version:
                self._look(inventory)
        return self._states

    @property
    def trouble(self) -> str:
        """Why the pools are not known, or not as they are now, for the administrator; empty: all is well."""
        state = self._inventory.nodes_state if self._inventory else None
        return "" if state is None or state.kind == "fresh" else str(state)

    @property
    def counts_own(self) -> bool:
        """Whether only this hub's own pods are counted."""
        return self._inventory is not None and not self._inventory.pods_known

    def _look(self, inventory: Inventory) -> None:
        version = inventory.version
        pools = found_pools(
            inventory.nodes.values(),
            read=self._labels.read,
            group_label=self._group_label,
            declared=self._declared,
            used=inventory.used,
            tolerations=self._tolerations,
        )
        self._states, self._version = pools.states, version
        for warning in pools.warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                self._log.warning("Node pools: %s", warning)


# For each event loop, of which a hub has one.
_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Inventory, Patience]] = WeakKeyDictionary()
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, OrderedDict[str, HubPools]] = WeakKeyDictionary()


def hub_pools(  # noqa: PLR0913  (each by its name)
    declared: Sequence[Any],
    *,
    prefix: str,
    group_label: str,
    tolerations: Sequence[Json],
    api_client: Any | None,
    count_pods: bool,
    log: Logger,
) -> HubPools:
    """Return the pools of a configuration; all spawners of a hub share one watch of the cluster.

    Parameters
    ----------
    api_client
        For the watch; None: nodes are not looked for.
    """
    pools = _pools.setdefault(asyncio.get_running_loop(), OrderedDict())
    setting = json.dumps([list(declared), prefix, group_label, list(tolerations), api_client is None], default=str)
    if setting not in pools:
        inventory, patience = _watch(api_client, count_pods=count_pods, log=log) if api_client else (None, Patience())
        pools[setting] = HubPools(
            parse_pools(declared),
            labels=Labels(prefix),
            group_label=group_label,
            tolerations=tolerations,
            inventory=inventory,
            patience=patience,
            log=log,
        )
    pools.move_to_end(setting)
    while len(pools) > _KEPT:
        pools.popitem(last=False)
    return pools[setting]


def _watch(api_client: Any, *, count_pods: bool, log: Logger) -> tuple[Inventory, Patience]:
    """Return what the hub knows of nodes; the first call begins to watch them."""
    loop = asyncio.get_running_loop()
    if loop not in _watches:
        _watches[loop] = Inventory(log), Patience()
        _watches[loop][0].start(api_client, watch_pods=count_pods)
    return _watches[loop]
