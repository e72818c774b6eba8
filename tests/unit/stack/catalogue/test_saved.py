"""The saved catalogue: the same answers as the parsed one, or a sentence that says what is wrong with it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import CatalogueBusyError, CatalogueRefusedError
from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import BUNDLED, Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue
from eessi_spawner.stack.catalogue.saved import (
    FILE_NAME,
    catalogue_directory,
    current_catalogue,
    load_catalogue,
    read_header,
    save_catalogue,
    update_lock,
)
from eessi_spawner.stack.catalogue.search import search
from tests.unit.stack.catalogue.published import many_modules, small_catalogue, version_entry


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    parsed = parse_catalogue(many_modules(3))
    save_catalogue(Catalogue(parsed.columns, Provenance("url", date(2026, 8, 1), "abc"), ("w",)), tmp_path)
    return tmp_path


def test_what_is_loaded_is_what_was_saved(real: Catalogue, tmp_path: Path) -> None:
    save_catalogue(real, tmp_path)
    loaded = load_catalogue(tmp_path)
    assert list(loaded) == list(real)
    assert loaded.order == real.order
    for text in ("numpy", "molecular dynamics", "gromcas", "python 3.13"):
        assert search(loaded, text) == search(real, text)


def test_where_it_is_from_and_what_was_passed_over_is_kept(saved: Path) -> None:
    loaded = load_catalogue(saved)
    assert loaded.provenance == Provenance("url", date(2026, 8, 1), "abc")
    assert loaded.warnings == ("w",)


def test_the_first_line_tells_hash_and_size_without_the_rest(saved: Path) -> None:
    header = read_header(saved)
    assert header is not None
    assert (header.published, header.modules) == ("abc", 3)
    assert read_header(saved / "elsewhere") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_seen_and_the_bundled_one_is_used(saved: Path, data: st.DataObject) -> None:
    whole = (saved / FILE_NAME).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    cut = data.draw(st.booleans())
    path = saved / "damaged" / FILE_NAME
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(whole[:place] if cut else whole[:place] + flipped + whole[place + 1 :])
    try:
        assert list(load_catalogue(path.parent)) == list(load_catalogue(saved))
    except CatalogueRefusedError as error:
        assert "is damaged" in error.message  # noqa: PT017  (damage to the published hash alone is no damage)
        found = current_catalogue(path.parent)
        assert found.provenance.source == BUNDLED
        assert "the bundled catalogue is used" in found.warnings[0]


def test_where_nothing_is_saved_the_bundled_one_is_used(tmp_path: Path) -> None:
    found = current_catalogue(tmp_path / "none")
    assert (found.provenance.source, found.warnings) == (BUNDLED, ())


def test_a_folder_that_may_not_be_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert "Is a directory" in current_catalogue(tmp_path).warnings[0]


def test_a_writer_that_fails_leaves_nothing_behind(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(PermissionError):
        save_catalogue(small_catalogue(version_entry("A/1")), saved)
    assert [path.name for path in saved.iterdir()] == [FILE_NAME]
    assert len(load_catalogue(saved)) == 3


def test_a_second_updater_waits_and_then_says_so(tmp_path: Path) -> None:
    with (
        update_lock(tmp_path, 0.1),
        pytest.raises(CatalogueBusyError, match=r"for 0\.2 seconds"),
        update_lock(tmp_path, 0.2),
    ):
        pass
    with update_lock(tmp_path, 0.1):
        pass


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({}, "/home/me/.cache/eessi-spawner/catalogue"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/eessi-spawner/catalogue"),
        ({"XDG_CACHE_HOME": "/cache", "EESSI_SPAWNER_CATALOGUE_DIR": "/shared/it"}, "/shared/it"),
    ],
)
def test_it_is_saved_where_the_variable_says_or_in_the_cache(environ: dict[str, str], directory: str) -> None:
    assert catalogue_directory(environ, Path("/home/me")) == Path(directory)
