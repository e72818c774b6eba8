"""What an administrator is told of node pools: each with its nodes and what EESSI runs there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.offer import Offer
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request, has_gpu, is_gpu


@dataclass(frozen=True)
class PoolReport:
    """A pool, and what a server that asks for it gets there.

    Attributes
    ----------
    state
        The pool as it is now.
    open_nodes
        How many of its nodes take new pods; None: nobody looked at nodes.
    free
        On how many nodes a server has room now; None: nobody counts.
    offers
        One for each release, newest first.
    """

    state: PoolState
    open_nodes: int | None = None
    free: int | None = None
    offers: tuple[Offer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as the command prints it; `null` is what is not known, or has no bound."""
        pool = self.state.pool
        return {
            "name": pool.name,
            "declared": pool.is_declared,
            "cpu_target": pool.cpu_target.path if pool.cpu_target else None,
            "machine": pool.machine or None,
            "accelerators": list(pool.accelerators),
            "open_nodes": self.open_nodes,
            "closed_nodes": None if self.open_nodes is None else self.state.closed,
            "node_sizes": [resources_to_json(size) for size in self.state.largest],
            "free_nodes": self.free,
            "max_nodes": pool.max_nodes,
            "allowed_groups": sorted(pool.allowed_groups),
            "nfs_server": pool.nfs_server or None,
            "taints": list(map(str, pool.taints)),
            "releases": {offer.release: _offer_to_json(offer) for offer in self.offers},
        }


@dataclass(frozen=True)
class PoolsReport:
    """All pools of a hub.

    Attributes
    ----------
    server
        What a server asks for that is started without a choice and without a profile.
    groups
        Each group that the configuration names, with what is kept for it.
    notes
        Sentences about what was not looked at, by the configuration's own will.
    warnings
        Sentences about what is amiss.
    """

    pools: tuple[PoolReport, ...] = ()
    server: Request = field(default_factory=Request)
    groups: Mapping[str, Iterable[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as `eessi-spawner pools --json` prints it."""
        return {
            "pools": [pool.to_json() for pool in self.pools],
            "server": {
                **resources_to_json(self.server.resources),
                "machines": list(self.server.machines),
                "cpu_target": self.server.pin.path if self.server.pin else None,
            },
            "groups": {group: sorted(kept) for group, kept in sorted(self.groups.items())},
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def resources_to_json(resources: Resources) -> dict[str, Any]:
    """Return an amount: cores, bytes, and devices by name."""
    return {
        "cpu": _bounded(resources.cpu),
        "memory": _bounded(resources.memory),
        "devices": {name: _bounded(count) for name, count in sorted(resources.devices.items())},
    }


def _bounded(amount: float) -> float | None:
    return amount if isfinite(amount) else None


def _offer_to_json(offer: Offer) -> dict[str, Any]:
    return {
        "verdict": offer.verdict.name.lower(),
        "sentence": offer.sentence,
        "accelerator": offer.accelerator or None,
        "environments": {name: build.target.path if build.target else None for name, build in offer.builds.items()},
        "refused": dict(offer.refused),
    }


def request_for(state: PoolState, server: Request) -> Request:
    """Return what *server* asks for where it asks for *state*'s pool: one GPU too, if that has GPUs."""
    request = replace(server, pool=state.pool.name)
    if server.wants_gpu or not (state.pool.accelerators or any(map(has_gpu, state.largest))):
        return request
    named = (name for size in state.largest for name, count in size.devices.items() if is_gpu(name) and count > 0)
    # The resources of NVIDIA's and AMD's device plugins, where a pool is declared without the number of its GPUs.
    vendor = next(iter(state.pool.accelerators), "").partition("/")[0]
    gpu = Resources(devices={next(named, f"{vendor}.com/gpu"): 1.0})
    return replace(request, resources=request.resources + gpu)
