"""A hub's node pools as they are now: its configuration is read, and the cluster's nodes and pods once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyterhub.app import JupyterHub
from traitlets.config import Config

from eessi_spawner.cluster.access import connect
from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.cluster.nodes import Node
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.cluster.watch import WatchState
from eessi_spawner.errors import EESSIError
from eessi_spawner.placement.declared import parse_pools
from eessi_spawner.placement.found import Pools, declared_states, found_pools
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.offers import make_offers
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.spawner.hub_config import a_kubeconfig, load_hub, spawner_for, unexpected
from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.spawner.pools_report import PoolReport, PoolsReport, request_for
from eessi_spawner.spawner.pools_warnings import label_warnings, pool_warnings, taint_warnings

_SECONDS = 30.0


@dataclass(frozen=True)
class Reading:
    """What the cluster said once.

    Attributes
    ----------
    nodes
        None: they were not read.
    used
        Node's name to what pods take there; None: pods are not counted.
    warnings
        Why something could not be read.
    """

    nodes: tuple[Node, ...] | None = None
    used: Mapping[str, Resources] | None = None
    warnings: tuple[str, ...] = ()


def pools_now(config: Path | None, *, kubeconfig: str = "", context: str = "") -> PoolsReport:
    """Return the pools of a hub.

    Parameters
    ----------
    config
        The hub's configuration; None: the default settings, with which the nodes are looked at.
    kubeconfig, context
        The way into the cluster, as for kubectl; with one of them nodes are looked at whatever the configuration says.

    Raises
    ------
    InvalidChoiceError
        If the configuration cannot be used. That the cluster cannot be read is a warning.
    """
    given = Config({"JupyterHub": {"spawner_class": EESSISpawner}, "EESSISpawner": {"find_node_pools": True}})
    app = JupyterHub(config=given) if config is None else load_hub(config)
    return asyncio.run(_look(app, kubeconfig, context))


async def _look(app: Any, kubeconfig: str, context: str) -> PoolsReport:
    with ExitStack() as stack:
        with a_kubeconfig():
            spawner = stack.enter_context(spawner_for(app, "jovyan", ""))
        try:
            reading = Reading()
            if spawner.find_node_pools or kubeconfig or context:
                reading = await read_cluster(kubeconfig, context, count_pods=spawner.count_pods)
            return await make_report(spawner, reading)
        except EESSIError:
            raise
        except Exception as error:  # an admin's code may raise anything
            raise unexpected("The pools cannot be made", error) from error


async def read_cluster(kubeconfig: str, context: str, *, count_pods: bool) -> Reading:
    """Return what the cluster says now, as the hub would hear it."""
    # What goes wrong is said once, by the reading.
    log = logging.getLogger(__name__)
    log.setLevel(logging.CRITICAL)
    inventory = Inventory(log)
    try:
        client = await connect(kubeconfig, context)
    except EESSIError as error:
        return Reading(warnings=(f"Nodes cannot be read. {error}",))
    async with client:
        inventory.start(client, watch_pods=count_pods)
        try:
            await inventory.settled(_SECONDS)
            nodes, pods = inventory.nodes_state, inventory.pods_state
            if nodes.kind != "fresh":
                return Reading(warnings=(f"Nodes cannot be read: {_why(nodes)}",))
            used = dict(inventory.used) if pods.kind == "fresh" else None
            lost = count_pods and used is None
            refused = (f"Pods cannot be read, so that free room is not counted: {_why(pods)}",) if lost else ()
            return Reading(tuple(inventory.nodes.values()), used, refused)
        finally:
            await inventory.stop()


def _why(state: WatchState) -> str:
    reason = (state.reason or f"no answer in {_SECONDS:g} s").rstrip(".")
    return f"{reason}. Grant the right to list and watch them." if state.kind == "refused" else f"{reason}."


async def make_report(spawner: EESSISpawner, reading: Reading) -> PoolsReport:
    """Return what *reading* means for the hub that *spawner* is of: all its pools, of whatever group."""
    pools, open_nodes = _pools(spawner, reading)

    async def all_pools() -> tuple[PoolState, ...]:
        return pools.states

    looks, spawner.find_node_pools = spawner.find_node_pools, False
    spawner.pool_states = all_pools  # type: ignore[method-assign]
    offers = await spawner.find_offers()
    server = spawner.server_request()
    reports = []
    for state, is_open in zip(pools.states, open_nodes, strict=True):
        request = request_for(state, server)
        made = make_offers([state], offers.runnable, request, offers.builds)
        newest_first = sorted(made, key=lambda offer: offer.release, reverse=True)
        reports.append(PoolReport(state, is_open, state.free_for(request.resources), tuple(newest_first)))
    warnings = [*reading.warnings, *pools.warnings]
    warnings += pool_warnings(reports, warnings)
    for offer in offers.environments:
        if offer.reason:
            warnings.append(f"Environment {offer.environment.name!r} cannot be offered: {offer.reason}.")
    return PoolsReport(
        tuple(reports),
        server,
        spawner.groups_named(),
        tuple(_notes(reading, looks=looks, count_pods=spawner.count_pods)),
        tuple(warnings),
    )


def _pools(spawner: EESSISpawner, reading: Reading) -> tuple[Pools, Sequence[int | None]]:
    """Return the pools with all warnings, and how many nodes of each take new pods."""
    declared = parse_pools(spawner.node_pools)
    if reading.nodes is None:
        return Pools(declared_states(declared)), [None] * len(declared)
    read, nodes, tolerations = Labels(spawner.node_label_prefix).read, reading.nodes, spawner.tolerations

    def pools(used: Mapping[str, Resources] | None) -> Pools:
        return found_pools(
            nodes,
            read=read,
            group_label=spawner.node_group_label,
            declared=declared,
            used=used,
            tolerations=tolerations,
        )

    found, of_labels = pools(reading.used), label_warnings(nodes, read)
    warnings = (
        *(of_labels.get(warning, warning) for warning in found.warnings),
        *taint_warnings(nodes, declared, tolerations),
    )
    # Where nobody counts, all that are open have room.
    return replace(found, warnings=warnings), [len(state.rooms or ()) for state in pools({}).states]


def _notes(reading: Reading, *, looks: bool, count_pods: bool) -> Iterator[str]:
    if reading.nodes is None and not looks:
        yield "Nodes were not looked at: c.EESSISpawner.find_node_pools is False."
    elif reading.nodes is not None and not looks:
        yield "The hub does not look at nodes: c.EESSISpawner.find_node_pools is False."
    if reading.nodes is not None and not count_pods:
        yield "Free room was not counted: c.EESSISpawner.count_pods is False."
