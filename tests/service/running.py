"""Runs a real JupyterHub with the service."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import jupyterhub

from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from eessi_spawner.demo.visitor import Visitor

SERVICE = "services/eessi/"
SERVICE_TOKEN = "of-the-service"
ADMINS_TOKEN = "of-a-program-that-manages-users"
_CONFIG = Path(__file__).with_name("jupyterhub_config.py")
_READY_SECONDS = 60


@contextmanager
def hub_with_service(name: str, state: Path, artefacts: Path) -> Iterator[DemoHub]:
    """Run a hub in *state* whose service answers, on the package's catalogue; nothing is mounted there.

    Its log is kept among the *artefacts* by its *name*.
    """
    log = artefacts / f"{name}-jupyterhub-{jupyterhub.__version__}.log"
    log.unlink(missing_ok=True)
    settings = {"EESSI_SPAWNER_CATALOGUE_DIR": str(state / "catalogue")}
    root = str(state / "nothing-mounted")
    with (
        mock.patch.dict(os.environ, settings),
        running_hub(state, root=root, port=free_port(), log=log, config=_CONFIG) as hub,
    ):
        deadline = time.monotonic() + _READY_SECONDS
        while (answer := Visitor(hub.url).request(f"{SERVICE}api/v1/health")).status != 200:
            assert time.monotonic() < deadline, f"{answer}\n{log.read_text(errors='replace')[-4000:]}"
            time.sleep(0.2)
        yield hub
