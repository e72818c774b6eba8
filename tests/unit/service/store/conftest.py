"""A new database of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgresql import PostgreSQL


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """A new database."""
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    server.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return server.url
