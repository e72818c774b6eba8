"""The service on the package's catalogue and an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.store.database import Database
from tests.postgresql import PostgreSQL, running_postgresql
from tests.unit.service.hub_double import Client, running_service


@pytest.fixture(scope="session")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> CatalogueKeeper:
    return CatalogueKeeper(tmp_path_factory.mktemp("no-catalogue"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/service.sqlite")
    database.check()
    yield database
    database.close()


@pytest.fixture
def service(keeper: CatalogueKeeper, database: Database) -> Iterator[Client]:
    with running_service(keeper, database) as client:
        yield client
