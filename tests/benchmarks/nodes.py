"""What a large cluster costs the hub: `python -m tests.benchmarks.nodes`.

Measured on what the test bed's API server says of up to a thousand nodes, which kwok keeps; it needs what the tests of
a cluster need: root, Go, and some packages of Debian.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from eessi_spawner.cluster.inventory import Inventory, _parse_pod
from eessi_spawner.cluster.nodes import node_from_json
from eessi_spawner.cluster.watch import ListWatch
from tests.benchmarks.costs import ROUNDS, Cost, median, ratio
from tests.benchmarks.fleet import Recording, filled_inventory, grow, record
from tests.benchmarks.forms import measure_forms
from tests.benchmarks.table import Table
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import NODES, Cluster
from tests.cluster.testbed.kwok import kwok

LIMIT = 3.0
# Nodes, and pods on them.
SIZES = ((100, 500), (1000, 5000))


def measure_events(recording: Recording) -> Table:
    """Measure a node's event from its line to the inventory, beside reading the line's JSON alone."""
    inventory = Inventory()
    lines = recording.node_lines

    def take_all() -> None:
        watch = ListWatch(
            None,
            "/api/v1/nodes",
            node_from_json,
            inventory._set_nodes,
            inventory._set_node,
            logging.getLogger(__name__),
        )
        for line in lines:
            watch._take(json.loads(line))

    def take_all_as_new() -> None:
        inventory._set_nodes([])
        take_all()

    def read_all() -> None:
        for line in lines:
            json.loads(line)

    ways: dict[str, Callable[[], None]] = {
        "json.loads alone": read_all,
        "a node that is as before": take_all,
        "a node that has changed": take_all_as_new,
    }
    rounds: dict[str, list[Cost]] = {way: [] for way in ways}
    for number in range(ROUNDS + 1):
        for way, run in ways.items():
            cost = _cost(run)
            # The first round fills what stays.
            if number:
                rounds[way].append(cost)
    size = sum(map(len, lines)) / len(lines) / 1000
    table = Table(f"{len(lines)} events of a watch of nodes, of {size:.0f} kB each", ("", "CPU ms", "wall ms"))
    table.rows = [(way, *median(costs).row()) for way, costs in rounds.items()]
    plain, same, changed = rounds.values()
    table.bound("CPU of an event that changes nothing, times json.loads", ratio(same, plain), LIMIT)
    table.bound("CPU of an event that changes something, times json.loads", ratio(changed, plain), LIMIT)
    return table


def _cost(run: Callable[[], None]) -> Cost:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def measure_memory(recordings: list[Recording]) -> Table:
    """Measure what stays in memory, and for how long the event loop does nothing else while a page is read."""
    columns = ("", "JSON MB", "kept MB", "peak MB", "longest page CPU ms")
    table = Table("An inventory, from the API server's lists", columns)
    for recording in recordings:
        longest = max(
            _cost(lambda page=page, parse=parse: _values(page, parse)).cpu  # type: ignore[misc]
            for pages, parse in ((recording.node_pages, node_from_json), (recording.pod_pages, _parse_pod))
            for page in pages
        )
        tracemalloc.start()
        inventory = _from_pages(recording)
        gc.collect()
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        size = sum(map(len, (*recording.node_pages, *recording.pod_pages)))
        pods = len(inventory._usage._pods)
        figures = [f"{figure / 1e6:.1f}" for figure in (size, kept, peak)]
        table.rows.append((f"{len(inventory.nodes)} nodes, {pods} pods", *figures, f"{longest * 1000:.0f}"))
    return table


def _values(page: bytes, parse: Callable[..., object]) -> list[object]:
    return [parse(item) for item in json.loads(page)["items"]]


def _from_pages(recording: Recording) -> Inventory:
    inventory = Inventory()
    inventory._set_nodes([value for page in recording.node_pages for value in _values(page, node_from_json)])  # type: ignore[misc]
    inventory._set_pods([value for page in recording.pod_pages for value in _values(page, _parse_pod)])  # type: ignore[misc]
    assert inventory.used
    return inventory


def measure(cluster: Cluster, api: Api) -> list[Table]:
    recordings = []
    have = (0, 0)
    with kwok(cluster.kubeconfig, cluster.logs / "kwok.log"):
        for nodes, pods in SIZES:
            grow(api, nodes=nodes, pods=pods, have=have)
            have = (nodes, pods)
            # Waits until all are ready.
            filled_inventory(cluster.kubeconfig, nodes=nodes + len(NODES))
            recordings.append(record(api))
    inventories = {
        f"{nodes} nodes, {pods} pods": _from_pages(found)
        for (nodes, pods), found in zip(SIZES, recordings, strict=True)
    }
    return [measure_events(recordings[-1]), measure_memory(recordings), measure_forms(inventories)]


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="eessi-benchmarks-") as scratch,
        Cluster(Path(scratch), name=f"bench-{os.getpid()}") as cluster,
        Api(cluster.kubeconfig) as api,
    ):
        tables = measure(cluster, api)
    for table in tables:
        sys.stdout.write(f"{table}\n\n")
    return int(any(table.broken for table in tables))


if __name__ == "__main__":
    sys.exit(main())
