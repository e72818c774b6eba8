"""A real JupyterHub that runs the service, one for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eessi_spawner.demo.hub import DemoHub
from tests.service.running import hub_with_service


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub's working directory."""
    return tmp_path_factory.mktemp("hub-with-service")


@pytest.fixture(scope="module")
def hub(state: Path, artefacts: Path) -> Iterator[DemoHub]:
    with hub_with_service("service", state, artefacts) as running:
        yield running
