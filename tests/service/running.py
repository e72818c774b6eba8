"""Runs a real JupyterHub with the service."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.request import Request, urlopen

import jupyterhub

from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from eessi_spawner.demo.visitor import Visitor

SERVICE = "services/eessi/"
SERVICE_TOKEN = "of-the-service"
ADMINS_TOKEN = "of-a-program-that-manages-users"
METRICS_TOKEN = "of-prometheus"
_CONFIG = Path(__file__).with_name("jupyterhub_config.py")
_READY_SECONDS = 60


@contextmanager
def hub_with_service(name: str, state: Path, artefacts: Path, root: Path | None = None) -> Iterator[DemoHub]:
    """Run a hub in *state* whose service answers, on the package's catalogue; without *root* nothing is mounted there.

    Its log is kept among the *artefacts* by its *name*.
    """
    log = artefacts / f"{name}-jupyterhub-{jupyterhub.__version__}.log"
    log.unlink(missing_ok=True)
    settings = {"EESSI_SPAWNER_CATALOGUE_DIR": str(state / "catalogue")}
    with (
        mock.patch.dict(os.environ, settings),
        running_hub(
            state, root=str(root or state / "nothing-mounted"), port=free_port(), log=log, config=_CONFIG
        ) as hub,
    ):
        deadline = time.monotonic() + _READY_SECONDS
        while (answer := Visitor(hub.url).request(f"{SERVICE}api/v1/health")).status != 200:
            assert time.monotonic() < deadline, f"{answer}\n{log.read_text(errors='replace')[-4000:]}"
            time.sleep(0.2)
        yield hub


def tell(hub: DemoHub, address: str, method: str, body: object) -> None:
    """Tell the service something as the hub does."""
    headers = {"Authorization": f"token {SERVICE_TOKEN}", "Content-Type": "application/json"}
    request = Request(  # noqa: S310  (the hub that was started)
        f"{hub.url}{SERVICE}api/v1/{address}", json.dumps(body).encode(), headers, method=method
    )
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.status == 204
