"""Catalogues to ask: the real one, EESSI's genuine excerpt, and the one of the package."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue

SHARED = Path(__file__).parents[5] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """EESSI's data beside the repository (`../shared/data`): it is under another licence, and not part of it.

    Where it is absent its tests are skipped, but never in CI.
    """
    if not SHARED.is_dir() and os.environ.get("CI") != "true":
        pytest.skip(f"{SHARED} is not there")
    return SHARED


@pytest.fixture(scope="session")
def real_content(shared_data: Path) -> bytes:
    return (shared_data / "eessi_api_metadata_software.json").read_bytes()


@pytest.fixture(scope="session")
def excerpt_content(shared_data: Path) -> bytes:
    """A genuine excerpt of what EESSI published in March 2026."""
    return (shared_data / "eessi_api_sample.json").read_bytes()


@pytest.fixture(scope="session")
def real(real_content: bytes) -> Catalogue:
    parsed = parse_catalogue(real_content)
    return Catalogue(parsed.columns, Provenance("real", parsed.day), parsed.warnings)


@pytest.fixture(scope="session")
def excerpt(excerpt_content: bytes) -> Catalogue:
    parsed = parse_catalogue(excerpt_content)
    return Catalogue(parsed.columns, Provenance("excerpt", parsed.day), parsed.warnings)


@pytest.fixture(scope="session")
def bundled() -> Catalogue:
    return bundled_catalogue()


@pytest.fixture(scope="session")
def today() -> date:
    return date(2026, 9, 1)
