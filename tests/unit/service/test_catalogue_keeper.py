"""The catalogue in memory: read once, read again when the file changes, kept when the file goes bad."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.stack.catalogue.saved import FILE_NAME, save_catalogue
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

ONE = ("numpy/1.0",)
TWO = ("numpy/1.0", "scipy/2.0")


def save(directory: Path, modules: tuple[str, ...]) -> None:
    save_catalogue(small_catalogue(*map(version_entry, modules)), directory)


def touch(directory: Path) -> None:
    """Give the file another time, as far from now as no clock's grain is."""
    os.utime(directory / FILE_NAME, (1, 1))


def test_without_a_saved_catalogue_that_of_the_package_is_asked(tmp_path: Path) -> None:
    keeper = CatalogueKeeper(tmp_path)
    assert len(keeper.now.catalogue) > 2000
    assert not keeper.problem


def test_the_saved_catalogue_is_asked_from_the_start(tmp_path: Path) -> None:
    save(tmp_path, ONE)
    assert len(CatalogueKeeper(tmp_path).now.catalogue) == 1


def test_a_new_file_is_read_and_has_another_revision(tmp_path: Path) -> None:
    save(tmp_path, ONE)
    keeper = CatalogueKeeper(tmp_path)
    before = keeper.now
    save(tmp_path, TWO)
    assert keeper.look()
    assert len(keeper.now.catalogue) == 2
    assert keeper.now.revision != before.revision


def test_a_file_of_the_same_content_is_not_read_again(tmp_path: Path) -> None:
    save(tmp_path, ONE)
    keeper = CatalogueKeeper(tmp_path)
    before = keeper.now
    assert not keeper.look()
    touch(tmp_path)
    assert not keeper.look()
    assert keeper.now is before


def test_the_same_content_has_the_same_revision_in_every_process(tmp_path: Path) -> None:
    save(tmp_path, ONE)
    assert CatalogueKeeper(tmp_path).now.revision == CatalogueKeeper(tmp_path).now.revision


@pytest.mark.parametrize("content", [b"", b"not a catalogue\n{}", None])
def test_a_file_that_goes_bad_or_away_replaces_nothing_until_a_good_one_comes(
    content: bytes | None, tmp_path: Path
) -> None:
    save(tmp_path, ONE)
    keeper = CatalogueKeeper(tmp_path)
    before = keeper.now
    if content is None:
        (tmp_path / FILE_NAME).unlink()
    else:
        (tmp_path / FILE_NAME).write_bytes(content)
    assert not keeper.look()
    assert keeper.now is before
    assert str(tmp_path) in keeper.problem
    save(tmp_path, TWO)
    assert keeper.look()
    assert not keeper.problem


def test_the_good_file_that_comes_back_is_good_again(tmp_path: Path) -> None:
    save(tmp_path, ONE)
    keeper = CatalogueKeeper(tmp_path)
    good = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(b"bad")
    keeper.look()
    (tmp_path / FILE_NAME).write_bytes(good)
    touch(tmp_path)
    keeper.look()
    assert not keeper.problem


def keep_until_read(keeper: CatalogueKeeper, modules: int) -> None:
    """Let it look by itself until it has so many modules."""

    async def keep() -> None:
        with ThreadPoolExecutor(1) as threads:
            task = asyncio.create_task(keeper.keep(threads, 0.001))
            while len(keeper.now.catalogue) != modules:  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(keep())


def test_it_looks_by_itself_until_it_is_told_to_end(tmp_path: Path) -> None:
    save(tmp_path, ONE)
    keeper = CatalogueKeeper(tmp_path)
    save(tmp_path, TWO)
    keep_until_read(keeper, 2)


def test_a_look_that_fails_in_an_unknown_way_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path, ONE)
    keeper = CatalogueKeeper(tmp_path)
    save(tmp_path, TWO)
    looks = iter([False])

    def fail_once() -> bool:
        if next(looks, True):
            return CatalogueKeeper.look(keeper)
        raise IndexError

    monkeypatch.setattr(keeper, "look", fail_once)
    keep_until_read(keeper, 2)
    assert "IndexError" in caplog.text
