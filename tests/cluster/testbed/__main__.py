"""A cluster for a developer: up starts it and returns, down removes it, status says what there is.

build makes its programs beforehand, and images what its tests run; each takes minutes the first time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster.testbed import folders
from tests.cluster.testbed.binaries import built_binaries, kubectl_command
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.images import HUBS, SERVERS, build_images
from tests.cluster.testbed.requirements import missing

_STARTED = """\
The cluster runs (started in {seconds:.0f} s). It changed this machine's control groups and mounts nothing outside of
namespaces of its own, but its nodes run as root without a wall: it belongs into a virtual machine to throw away.

  export KUBECONFIG={kubeconfig}
  {kubectl} get nodes

Its nodes show as /cvmfs/NAME what is in {repositories}/NAME.sqsh; pods reach this machine at {host_ip}.
Logs are in {logs}. End it with: make cluster-down
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.testbed", description=__doc__)
    parser.add_argument("what", choices=("build", "images", "up", "down", "status"))
    parser.add_argument("--directory", type=Path, default=folders.BASE, help="where it keeps its files (%(default)s)")
    parser.add_argument("--repositories", type=Path, help="a folder of squashfs images NAME.sqsh, shown as /cvmfs/NAME")
    options = parser.parse_args()
    folder = options.directory / folders.DEVELOPER
    if options.what == "down":
        folders.remove(folder)
        for left in Path(tempfile.gettempdir()).glob(f"{folders.HUB}*"):
            shutil.rmtree(left, ignore_errors=True)
        return 0
    if options.what == "status":
        return status(folder)
    if lacking := missing():
        sys.stderr.write(f"{lacking}\n")
        # Tests that need a cluster will say so themselves.
        return 0 if options.what in ("build", "images") else 1
    if options.what == "build":
        built_binaries()
        return 0
    if options.what == "images":
        build_images(SERVERS)
        build_images(HUBS)
        return 0
    up(options.directory, options.repositories or options.directory / "repositories")
    return 0


def status(folder: Path) -> int:
    """Say whether the cluster runs; the exit code says it too."""
    pid = folders.first_pid(folder)
    sys.stdout.write(f"runs below process {pid}: {folder}\n" if pid else "no cluster runs\n")
    return 0 if pid else 1


def up(base: Path, repositories: Path) -> None:
    """Start a cluster that stays when this process ends."""
    repositories.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    cluster = Cluster(repositories, name=folders.DEVELOPER, base=base, dies_with_caller=False)
    cluster.start()
    sys.stdout.write(
        _STARTED.format(
            seconds=time.monotonic() - started,
            kubeconfig=cluster.kubeconfig,
            kubectl=" ".join(kubectl_command()),
            repositories=repositories,
            host_ip=cluster.host_ip,
            logs=cluster.logs,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
