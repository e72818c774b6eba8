"""What our additions to a pod cost, beside KubeSpawner's own making of it: `python -m tests.benchmarks.pods`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy.orm
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from kubernetes_asyncio.config import kube_config
from kubespawner import KubeSpawner
from traitlets.config import Config

from eessi_spawner.spawner.hub_config import NO_CLUSTER
from eessi_spawner.spawner.kube import EESSISpawner
from tests.benchmarks.costs import Cost, median, ratio
from tests.benchmarks.table import Table

LIMIT = 0.5
_PODS = 200
# What Zero to JupyterHub sets by default, in short: a home, labels, limits.
_CONFIG: dict[str, Any] = {
    "image": "registry.example.org/user:1",
    "volumes": {"home": {"name": "home", "persistentVolumeClaim": {"claimName": "claim-{user_server}"}}},
    "volume_mounts": {"home": {"name": "home", "mountPath": "/home/jovyan", "subPath": ""}},
    "extra_labels": {"hub.jupyter.org/network-access-hub": "true"},
    "fs_gid": 100,
    "mem_guarantee": "1G",
    "environment": {"JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp"},
}


async def measure() -> Table:
    ours, theirs = await _ready(EESSISpawner), await _ready(KubeSpawner)
    rounds: dict[str, list[Cost]] = {"EESSISpawner": [], "KubeSpawner": []}
    for _ in range(5):
        rounds["KubeSpawner"].append(await _cost(theirs))
        rounds["EESSISpawner"].append(await _cost(ours))
    table = Table("Making a pod", ("", "CPU ms", "wall ms"))
    table.rows = [(name, *median(costs).row()) for name, costs in rounds.items()]
    times = ratio(rounds["EESSISpawner"], rounds["KubeSpawner"])
    table.bound("CPU of our additions, times KubeSpawner's get_pod_manifest", times - 1, LIMIT)
    return table


async def _ready(kind: type[KubeSpawner]) -> KubeSpawner:
    engine = sqlalchemy.create_engine("sqlite://")
    orm.Base.metadata.create_all(engine)
    session = sqlalchemy.orm.Session(engine)
    user = orm.User(name="somebody@example.org")
    session.add(user)
    session.commit()
    settings = {"spawner_class": kind, "config": Config({"KubeSpawner": _CONFIG}), "hub": Hub(), "base_url": "/"}
    spawner: KubeSpawner = User(user, settings).get_spawner("")
    spawner.user_options = {}
    await spawner._run_apply_user_options({})
    await spawner.load_user_options()
    return spawner


async def _cost(spawner: KubeSpawner) -> Cost:
    """Return what one pod costs."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(_PODS):
        await spawner.get_pod_manifest()
    return Cost((time.process_time() - cpu) / _PODS, (time.perf_counter() - wall) / _PODS)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="eessi-benchmarks-") as directory:
        config = Path(directory, "kubeconfig")
        config.write_text(NO_CLUSTER)
        # Read from the environment when the module was imported.
        kube_config.KUBE_CONFIG_DEFAULT_LOCATION = str(config)
        table = asyncio.run(measure())
    sys.stdout.write(f"{table}\n")
    return int(bool(table.broken))


if __name__ == "__main__":
    sys.exit(main())
