"""A real hub of EESSISpawner with node pools and without a cluster: its form needs none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jupyterhub

import eessi_spawner.demo.hub
from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from eessi_spawner.spawner.hub_config import NO_CLUSTER

Json = dict[str, Any]

CONFIG = """
import json
import os

from kubernetes_asyncio.config import kube_config

# The bundled catalogue, whatever this machine has saved.
os.environ["EESSI_SPAWNER_CATALOGUE_DIR"] = {nowhere!r}
kube_config.KUBE_CONFIG_DEFAULT_LOCATION = {kubeconfig!r}
load_subconfig({demo!r})
c = get_config()
c.JupyterHub.spawner_class = "eessi"
c.EESSISpawner.eessi_root = "/cvmfs/software.eessi.io"
c.EESSISpawner.node_pools = json.loads({pools!r})
c.KubeSpawner.profile_list = json.loads({profiles!r})
"""
# How many nodes of each pool are free; a stand-in, because nodes need a cluster.
ROOMS = """
from dataclasses import replace

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.spawner.hub_pools import HubPools

ROOM = Resources(cpu=8, memory=2**36)
FREE = json.loads({free!r})
declared = HubPools.states


async def states(self, own_pods=()):
    found = await declared(self, own_pods)
    return tuple(replace(state, rooms=(ROOM,) * FREE.get(state.pool.name, 0)) for state in found)


HubPools.states = states
"""
FANCY = """
from jupyterhub_fancy_profiles import setup_ui

c.JupyterHub.extra_handlers = []
setup_ui(c)
"""


@contextmanager
def kube_hub(  # noqa: PLR0913  (each by its name)
    state: Path,
    log: Path,
    *,
    pools: Sequence[Json] = (),
    free: Mapping[str, int] | None = None,
    profiles: Sequence[Json] = (),
    fancy: bool = False,
) -> Iterator[DemoHub]:
    """Run a hub of EESSISpawner until the block ends; servers cannot start.

    Parameters
    ----------
    state
        A directory for its database and configuration.
    log
        A file for its words.
    free
        Pool's name to how many of its nodes are free, where that is known.
    fancy
        Whether jupyterhub-fancy-profiles shows the profiles.
    """
    kubeconfig = state / "kubeconfig"
    kubeconfig.write_text(NO_CLUSTER)
    config = state / "jupyterhub_config.py"
    config.write_text(
        CONFIG.format(
            nowhere=str(state / "nowhere"),
            kubeconfig=str(kubeconfig),
            demo=str(eessi_spawner.demo.hub.CONFIG),
            pools=json.dumps(list(pools)),
            profiles=json.dumps(list(profiles)),
        )
        + (ROOMS.format(free=json.dumps(free)) if free is not None else "")
        + (FANCY if fancy else "")
    )
    log = log.with_name(f"{log.stem}-jupyterhub-{jupyterhub.__version__}.log")
    log.unlink(missing_ok=True)
    with running_hub(state, root="", port=free_port(), log=log, config=config) as hub:
        yield hub
