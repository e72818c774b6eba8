"""A cluster with a hub on it, for a developer: runs until it is interrupted, and leaves nothing."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path

from eessi_spawner.stack.host import read_host
from tests.cluster.claims import static_claim
from tests.cluster.node_labels import label
from tests.cluster.spawns.hubs import hub_on
from tests.cluster.spawns.places import POOL_RULES, grant_everywhere, make_place
from tests.cluster.stock import stock
from tests.cluster.testbed import folders
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.binaries import kubectl_command
from tests.cluster.testbed.cluster import NODES, Cluster
from tests.cluster.testbed.mount_nfs import build_mount_nfs
from tests.cluster.testbed.requirements import missing

NAMESPACE = "hub"
_STARTED = """\

The hub is at {url}
Log in under any name, without a password; servers are pods in the namespace {namespace}, on two nodes of this machine.

  export KUBECONFIG={kubeconfig}
  {kubectl} --namespace {namespace} get pods

The hub's log: {log}
Stop it all: Ctrl-C
"""


def main() -> int:
    if lacking := missing():
        sys.stderr.write(f"{lacking}\n")
        return 1
    # A closed terminal and `kill` end it as Ctrl-C does: with all that it started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    directory = Path(tempfile.mkdtemp(prefix=folders.HUB))
    sys.stdout.write(
        "Starting a cluster. It changes this machine's control groups, and its nodes run as root: it belongs into a"
        " virtual machine to throw away.\n"
    )
    try:
        return run(directory)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(directory: Path) -> int:
    repositories = directory / "repositories"
    repositories.mkdir()
    with (
        Cluster(repositories, name=folders.DEVELOPER, base=folders.BASE, mount_helpers=build_mount_nfs()) as cluster,
        Api(cluster.kubeconfig) as api,
    ):
        sys.stdout.write("The cluster runs. Giving it the sample stack and images; the first time takes minutes.\n")
        stock(cluster, repositories)
        place = make_place(cluster, api, NAMESPACE, directory, pod_security="restricted")
        grant_everywhere(api, place, POOL_RULES)
        for node in NODES:
            label(api, node, read_host().chain)
        log = directory / "jupyterhub.log"
        with (
            static_claim(api.core, "cvmfs", namespace=NAMESPACE),
            hub_on(place, directory / "state", log=log, find_node_pools=True) as hub,
        ):
            started = _STARTED.format(
                url=hub.url,
                namespace=NAMESPACE,
                kubeconfig=cluster.kubeconfig,
                kubectl=" ".join(kubectl_command()),
                log=log,
            )
            sys.stdout.write(started)
            sys.stdout.flush()
            return hub.process.wait()


if __name__ == "__main__":
    sys.exit(main())
