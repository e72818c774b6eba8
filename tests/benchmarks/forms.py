"""What the spawn form costs on a cluster of a thousand nodes, beside one of a hundred; a part of the table of nodes."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.request import Request
from eessi_spawner.spawner.choice import validate_options
from eessi_spawner.spawner.cpus import Placing, cpu_choices
from eessi_spawner.spawner.form import render_form
from eessi_spawner.spawner.hub_pools import HubPools, Patience
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.spawner.site_offers import site_offers
from eessi_spawner.stack.releases import DEFAULT_ROOT
from tests.benchmarks.costs import ROUNDS, Cost, median, ratio
from tests.benchmarks.table import Table

LIMIT = 1.5
_FORMS = 20
_ASKED = Request(Resources(2, 4 * 2**30), machines=("x86_64",))
_LOG = logging.getLogger(__name__)


def measure_forms(inventories: Mapping[str, Inventory]) -> Table:
    """Measure a form, before each of which the cluster has changed; *inventories* by name, the smallest first."""
    return asyncio.run(_measure(inventories))


async def _measure(inventories: Mapping[str, Inventory]) -> Table:
    # The catalogue that the package brings: nothing is saved there.
    offers = await site_offers([], root=DEFAULT_ROOT, cpu_target="", directory=Path("/nonexistent"), log=_LOG)
    pools = {name: _pools(inventory) for name, inventory in inventories.items()}
    rounds: dict[str, list[Cost]] = {name: [] for name in inventories}
    for number in range(ROUNDS + 1):
        for name, inventory in inventories.items():
            cost = await _cost(inventory, pools[name], offers)
            if number:
                rounds[name].append(cost)
    table = Table(f"A form with the CPUs of 12 kinds of nodes, {_FORMS} within a second", ("", "CPU ms", "wall ms"))
    table.rows = [(name, *median(costs).row()) for name, costs in rounds.items()]
    few, *_, many = rounds.values()
    table.bound("CPU of a form on the largest cluster, times the smallest", ratio(many, few), LIMIT)
    return table


def _pools(inventory: Inventory) -> HubPools:
    return HubPools(
        (),
        labels=Labels(),
        group_label="",
        tolerations=_tolerations(),
        inventory=inventory,
        patience=Patience(),
        log=_LOG,
    )


def _tolerations() -> Sequence[Mapping[str, str]]:
    return ({"key": "nvidia.com/gpu", "operator": "Exists"},)


async def _cost(inventory: Inventory, pools: HubPools, offers: Offers) -> Cost:
    """Return what one form costs of a class's, within the second for which one look at the cluster serves."""
    pools._next_look = 0.0
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(_FORMS):
        inventory.version += 1
        placing = Placing(await pools.states(), offers.builds)
        placed = replace(offers, placing=placing)
        choices = cpu_choices(placing, placed.runnable, _ASKED)
        assert len(choices) > len(placed.releases), "there are CPUs to choose"
        assert "cpu_target" in render_form(placed, validate_options({}, placed), root=DEFAULT_ROOT, cpus=choices)
    return Cost((time.process_time() - cpu) / _FORMS, (time.perf_counter() - wall) / _FORMS)
