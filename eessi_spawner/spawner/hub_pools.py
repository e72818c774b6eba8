"""The hub's node pools as they are now: those declared, and those found by the one watch of the cluster's nodes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from logging import Logger
from typing import Any

from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.found import declared_states, found_pools
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.pool import NodePool, PoolState

Json = Mapping[str, Any]

_FIRST_LIST_SECONDS = 5.0
_PERIOD_SECONDS = 0.05


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
    """

    def __init__(  # noqa: PLR0913  (each by its name)
        self,
        declared: tuple[NodePool, ...],
        *,
        labels: Labels,
        group_label: str,
        tolerations: Sequence[Json],
        inventory: Inventory | None,
        log: Logger,
    ) -> None:
        self._declared = declared
        self._labels = labels
        self._group_label = group_label
        self._tolerations = tolerations
        self._inventory = inventory
        self._log = log
        self._states = declared_states(declared)
        self._version = -1
        self._warned: set[str] = set()

    async def states(self, own_pods: Iterable[Json] = ()) -> tuple[PoolState, ...]:
        """Return the pools; none where nothing is declared and nothing is known of nodes.

        Parameters
        ----------
        own_pods
            The hub's own pods, as Kubernetes' JSON: they are counted where those of others may not be read.
        """
        inventory = self._inventory
        if inventory is None:
            return self._states
        await self._wait_for_first_list(inventory)
        inventory.use_own(own_pods)
        if inventory.nodes and self._version != inventory.version:
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

    async def _wait_for_first_list(self, inventory: Inventory) -> None:
        """Wait a moment for the first list of nodes: a form without pools would not be true a second later."""
        clock = asyncio.get_running_loop().time
        began = clock()
        # Asked for by few, once in a hub's life.
        while inventory.nodes_state.kind == "waiting" and clock() - began < _FIRST_LIST_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(_PERIOD_SECONDS)


_inventories: dict[asyncio.AbstractEventLoop, Inventory] = {}
_pools: dict[tuple[asyncio.AbstractEventLoop, str], HubPools] = {}


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
    loop = asyncio.get_running_loop()
    setting = json.dumps([list(declared), prefix, group_label, list(tolerations), api_client is None], default=str)
    if (loop, setting) not in _pools:
        inventory = None
        if api_client is not None:
            if loop not in _inventories:
                _inventories[loop] = Inventory(log)
                _inventories[loop].start(api_client, watch_pods=count_pods)
            inventory = _inventories[loop]
        _pools[loop, setting] = HubPools(
            parse_pools(declared),
            labels=Labels(prefix),
            group_label=group_label,
            tolerations=tolerations,
            inventory=inventory,
            log=log,
        )
    return _pools[loop, setting]
