"""Real hubs: JupyterHub with its proxy and servers of the sample stack, as the demonstration starts them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import jupyterhub
import pytest

from eessi_spawner.demo.hub import DemoHub, free_port, running_hub

CONFIG = Path(__file__).with_name("jupyterhub_config.py")


class StartHub(Protocol):
    """Starts a hub for as long as a block lasts."""

    def __call__(self, name: str, *, root: str) -> AbstractContextManager[DemoHub]: ...


@pytest.fixture(scope="session")
def start_hub(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> StartHub:
    """Return a function that runs a hub whose failures in a row can be read; its log is kept."""
    version = jupyterhub.__version__

    @contextmanager
    def start(name: str, *, root: str) -> Iterator[DemoHub]:
        log = artefacts / f"{name}-jupyterhub-{version}.log"
        log.unlink(missing_ok=True)
        state = tmp_path_factory.mktemp(name)
        with running_hub(state, root=root, port=free_port(), log=log, config=CONFIG) as hub:
            yield hub

    return start


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, sample_stack: Path, request: pytest.FixtureRequest) -> Iterator[DemoHub]:
    """A hub on the sample stack, one for each file of tests."""
    with start_hub(request.module.__name__.rpartition(".")[2], root=str(sample_stack)) as running:
        yield running
