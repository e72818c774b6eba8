"""`eessi-spawner pools`: a hub's node pools, what of EESSI runs on each, and what is amiss."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from eessi_spawner.cli.hub_packages import hub_packages
from eessi_spawner.cli.kept_output import standard_output_kept
from eessi_spawner.cli.table import YELLOW, colour, format_table

if TYPE_CHECKING:
    from eessi_spawner.cluster.resources import Resources
    from eessi_spawner.spawner.pools_report import PoolReport, PoolsReport

_NOBODY = "-"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "pools",
        help="show a hub's node pools and what of EESSI runs on each",
        description="Show the node pools that a hub's configuration declares and, where find_node_pools is set, those"
        " found from the labels of the cluster's nodes: their CPUs and GPUs, nodes and free room, who may use them, and"
        " what of each EESSI release a server gets there. Nothing is changed. Exit code 0 if all is well, 1 if there"
        " are warnings, 2 for wrong use or a configuration that cannot be used.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the hub's jupyterhub_config.py; without it, what would be found with the default settings",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--kubeconfig",
        default="",
        metavar="FILE",
        help="the way into the cluster, as for kubectl; nodes are then looked at whatever the configuration says",
    )
    parser.add_argument("--context", default="", metavar="NAME", help="of the kubeconfig; likewise")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look, and print nothing else to standard output, whatever the configuration prints."""
    with hub_packages():
        from eessi_spawner.spawner.pools_now import pools_now
    with standard_output_kept():
        report = pools_now(arguments.config, kubeconfig=arguments.kubeconfig, context=arguments.context)
    if arguments.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        print(*lines(report), sep="\n")
    return 1 if report.warnings else 0


def lines(report: PoolsReport) -> Iterator[str]:
    """Return the report for people: a table of pools, what runs on each, and what is amiss."""
    if report.pools:
        yield from format_table([_HEADINGS, *map(_row, report.pools)])
    else:
        yield "There are no node pools: servers go wherever Kubernetes sends them."
    for pool in report.pools:
        yield ""
        yield ". ".join([pool.state.pool.name, *_more(pool)])
        for offer in pool.offers:
            yield f"  {offer.release}  {'cannot run: ' if offer.reason else ''}{offer.sentence}"
    if report.pools:
        yield ""
        yield f"FREE: nodes with room for this hub's server: {_server(report)}."
    if report.groups:
        yield f"Groups named: {', '.join(sorted(report.groups))}; JupyterHub knows which exist."
    yield from report.notes
    for warning in report.warnings:
        yield f"{colour('warning:', YELLOW)} {warning}"


_HEADINGS = ("POOL", "FROM", "CPU TARGET", "GPUS", "NODES", "SIZE", "FREE", "GROUPS")


def _row(report: PoolReport) -> tuple[str, ...]:
    state, pool = report.state, report.state.pool
    nodes = _NOBODY if report.open_nodes is None else str(report.open_nodes)
    return (
        pool.name,
        "declared" if pool.is_declared else "found",
        pool.cpu_target.path if pool.cpu_target else f"{pool.machine}, not known" if pool.machine else "not known",
        ", ".join(pool.accelerators) or _NOBODY,
        f"{nodes}, {state.closed} closed" if state.closed else nodes,
        _sizes(report) or _NOBODY,
        "not counted" if report.free is None else str(report.free),
        ", ".join(sorted(pool.allowed_groups)) or "everybody",
    )


def _more(report: PoolReport) -> Iterator[str]:
    pool = report.state.pool
    if pool.max_nodes is not None:
        yield f"Can grow to {pool.max_nodes} nodes"
    if pool.nfs_server:
        yield f"NFS server {pool.nfs_server}"


def _sizes(report: PoolReport) -> str:
    """Return what a node can give to pods; of nodes of several sizes the largest, and how many sizes there are."""
    sizes = sorted(report.state.largest, key=lambda size: (size.cpu, size.memory))
    if not sizes:
        return ""
    return _amount(sizes[-1]) + (f" ({len(sizes)} sizes)" if len(sizes) > 1 else "")


def _server(report: PoolsReport) -> str:
    server = report.server
    image = f", an image for {' and '.join(server.machines)}" if server.machines else ""
    return f"{_amount(server.resources) or 'it asks for nothing'}{image}; with one GPU where a pool has some"


def _amount(amount: Resources) -> str:
    """Return an amount in words, without what is nothing or has no bound."""
    parts = [f"{amount.cpu:g} {'core' if amount.cpu == 1 else 'cores'}"] if 0 < amount.cpu < inf else []
    parts += [f"{amount.memory / 2**30:.3g} GiB"] if 0 < amount.memory < inf else []
    parts += [f"{count:g} {name}" for name, count in sorted(amount.devices.items()) if count]
    return ", ".join(parts)
