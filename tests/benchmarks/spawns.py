"""What a spawn costs the hub's processor, beside plain KubeSpawner on the same cluster.

`python -m tests.benchmarks.spawns` needs what the tests of a cluster need: root, Go, and some packages of Debian.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from eessi_spawner.demo.hub import DemoHub
from tests.benchmarks.costs import ROUNDS, Cost, median, ratio
from tests.benchmarks.table import Table
from tests.cluster.claims import static_claim
from tests.cluster.spawns.hubs import Person, hub_on
from tests.cluster.spawns.one_file_server import ONE_FILE_SERVER
from tests.cluster.spawns.places import make_place
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.busybox import BUSYBOX, busybox_archive
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.programs import wait_until

LIMIT = 1.10
_SPAWNS = 10
_KINDS = {"EESSISpawner": "eessi", "KubeSpawner": "kubespawner.KubeSpawner"}


def measure(cluster: Cluster, api: Api, directory: Path) -> Table:
    place = make_place(cluster, api, "spawns", directory, pod_security="baseline")
    rounds: dict[str, list[Cost]] = {name: [] for name in _KINDS}
    with ExitStack() as stack:
        stack.enter_context(static_claim(api.core, "cvmfs", namespace=place.namespace))
        hubs = {}
        for name, kind in _KINDS.items():
            log = directory / f"{name}.log"
            # Otherwise a login starts a server, where the spawner has no form.
            sections = {"KubeSpawner": ONE_FILE_SERVER, "JupyterHub": {"redirect_to_server": False}}
            started = hub_on(
                place, directory / name, log=log, image=BUSYBOX, spawner_class=kind, sections=sections, debug=False
            )
            hubs[name] = stack.enter_context(started)
        for number in range(ROUNDS + 1):
            for name, hub in hubs.items():
                cost = _cost(hub, f"{name.lower()}-{number}")
                # The first round fills what both keep.
                if number:
                    rounds[name].append(cost)
    table = Table("A spawn and a stop, on the hub", ("", "CPU ms"))
    table.rows = [(name, median(costs).row()[0]) for name, costs in rounds.items()]
    table.bound("CPU of the hub, times plain KubeSpawner", ratio(*rounds.values()), LIMIT)
    return table


def _cost(hub: DemoHub, name: str) -> Cost:
    """Return what one spawn and stop cost, of several at once."""
    people = [Person(hub, f"{name}-{number}") for number in range(_SPAWNS)]
    before = _processor_seconds(hub.process.pid)
    for person in people:
        person.ask({})
    for person in people:
        person.told()
    # A stop is answered when the pod has gone.
    with ThreadPoolExecutor(_SPAWNS) as pool:
        list(pool.map(Person.stop, people))
    for person in people:
        wait_until("the server is gone", lambda person=person: not person.is_there())  # type: ignore[misc]
    return Cost((_processor_seconds(hub.process.pid) - before) / _SPAWNS, 0.0)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="eessi-benchmarks-") as scratch:
        directory = Path(scratch)
        (directory / "repositories").mkdir()
        name = f"bench-{os.getpid()}"
        with Cluster(directory / "repositories", name=name) as cluster, Api(cluster.kubeconfig) as api:
            cluster.import_image(busybox_archive(directory))
            table = measure(cluster, api, directory)
    sys.stdout.write(f"{table}\n")
    return int(bool(table.broken))


if __name__ == "__main__":
    sys.exit(main())
