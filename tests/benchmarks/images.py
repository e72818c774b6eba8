"""How large the user image is, and how soon a node that does not have it runs it, beside images with science inside.

`python -m tests.benchmarks.images` needs what the tests of a cluster need: root, Go, and some packages of Debian. All
images are built here, from Debian's and Python's packages; the first time takes minutes.
"""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from tests.benchmarks.table import Table
from tests.cluster.pods import Pod, pod
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.buildah import Buildah
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.images import JUPYTER, REPOSITORY, SERVERS, Image, build_images, reference, upon_jupyter
from tests.cluster.testbed.node import CONTAINERD, Node
from tests.cluster.testbed.programs import wait_until
from tests.cluster.testbed.registry import Registry

LIMIT_MEGABYTES = 150
LIMIT_RATIO = 0.35
_ROUNDS = 3
_SECONDS = 300
_SCIPY = "tests/benchmarks/image_peers/scipy.Dockerfile"
# Without a hub, so that nothing but image and node are measured.
_COMMAND = ("jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "--IdentityProvider.token=t")


def _upon_scipy(buildah: Buildah, cache: Path) -> dict[str, str]:
    dockerfile = REPOSITORY / _SCIPY
    arguments = upon_jupyter(buildah, cache)
    buildah.build(dockerfile, dockerfile.parent, reference("scipy"), arguments=arguments)
    return {"BASE_IMAGE": reference("scipy")}


IMAGES = {
    "user": SERVERS["user"],
    "scipy": Image(_SCIPY, JUPYTER, upon_jupyter, has_package=False),
    "languages": Image(
        "tests/benchmarks/image_peers/languages.Dockerfile", (*JUPYTER, _SCIPY), _upon_scipy, has_package=False
    ),
}
_SHOWN = {"user": "our user image", "scipy": "scipy-notebook's packages", "languages": "these, R and Octave"}


@dataclass(frozen=True)
class Start:
    """Seconds that a pod took on a node without its image: until that was there, and until its server answered."""

    pull: float
    ready: float


def measure(cluster: Cluster, api: Api, registry: Registry) -> Table:
    """Start each image on a node, in turn, and return a table of all."""
    sizes = {name: registry.push(archive, name) / 1e6 for name, archive in build_images(IMAGES).items()}
    starts: dict[str, list[Start]] = {name: [] for name in sizes}
    for number in range(_ROUNDS):
        for name, seen in starts.items():
            seen.append(_start(api, cluster.nodes[0], registry.reference(name), f"{name}-{number}"))
    table = Table("The user image, pulled from a registry beside the node", ("", "MB", "times", "pull s", "ready s"))
    for name, size in sizes.items():
        pull, ready = (statistics.median(getattr(one, what) for one in starts[name]) for what in ("pull", "ready"))
        row = (f"{size:.1f}", f"{size / sizes['user']:.1f}", f"{pull:.1f}", f"{ready:.1f}")
        table.rows.append((_SHOWN[name], *row))
    table.remarks.append("MB: to download, as gzip makes it. Times: ours.")
    table.remarks.append(
        f"ready: from the pod to its server's first answer. The median of {_ROUNDS} alternated rounds."
    )
    table.bound("MB to download", sizes["user"], LIMIT_MEGABYTES)
    table.bound("times the image with scipy-notebook's packages", sizes["user"] / sizes["scipy"], LIMIT_RATIO)
    return table


def _start(api: Api, node: Node, image: str, name: str) -> Start:
    before = _images(node)
    started = time.monotonic()
    with pod(api, name, image=image, node=node.name, command=_COMMAND, pull_policy="Always") as made:
        wait_until(f"{name} answers", lambda: _answers(made), _SECONDS)
        ready = time.monotonic() - started
        [pulled] = [event for event in made.events() if event.startswith("Pulled:")]
    node.run(_ctr("rm", "--sync", *(_images(node) - before)))
    return Start(_seconds(pulled), ready)


def _answers(made: Pod) -> bool:
    address = made.read().status.pod_ip
    with contextlib.suppress(OSError):
        return bool(address) and urllib.request.urlopen(f"http://{address}:8888/api", timeout=5).status == HTTPStatus.OK
    return False


def _ctr(*words: str) -> list[str]:
    return ["ctr", "--address", CONTAINERD, "--namespace", "k8s.io", "images", *words]


def _images(node: Node) -> set[str]:
    return set(node.run(_ctr("ls", "--quiet")).stdout.split())


def _seconds(event: str) -> float:
    """Return the duration in a kubelet's event, such as `in 1m2.5s (`."""
    found = re.search(r" in (?:(\d+)m)?([\d.]+)(m?)s \(", event)
    assert found is not None, event
    return 60 * float(found[1] or 0) + float(found[2]) / (1000 if found[3] else 1)


def main() -> int:
    """Measure, and say by the exit code whether the bounds are kept."""
    with tempfile.TemporaryDirectory(prefix="eessi-benchmarks-") as scratch:
        folder, repositories = Path(scratch, "registry"), Path(scratch, "repositories")
        for directory in (folder, repositories):
            directory.mkdir()
        # Before the cluster, which takes memory.
        build_images(IMAGES)
        with (
            Cluster(repositories, name=f"bench-{os.getpid()}") as cluster,
            Api(cluster.kubeconfig) as api,
            Registry(cluster, folder) as registry,
        ):
            table = measure(cluster, api, registry)
    sys.stdout.write(f"{table}\n")
    return int(bool(table.broken))


if __name__ == "__main__":
    sys.exit(main())
