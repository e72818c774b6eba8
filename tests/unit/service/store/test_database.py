"""The database: what is saved stays, is its owner's alone, and a fault is a sentence. SQLite and PostgreSQL alike."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from eessi_spawner.errors import (
    EnvironmentExistsError,
    InvalidChoiceError,
    SetUpError,
    StoreError,
    UnknownEnvironmentError,
)
from eessi_spawner.service.store import database as module
from eessi_spawner.service.store import engine
from eessi_spawner.service.store.database import Database
from eessi_spawner.stack.environments import Environment
from tests.postgresql import PostgreSQL

PLOTS = Environment("plots", "Plots", "2025.06", ("jupyter-server/1", "matplotlib/3"))
TABLES = Environment("tables", "Tables", "2023.06", ("pandas/2",))


@pytest.fixture
def store(url: str) -> Iterator[Database]:
    with opened(url) as store:
        yield store


@pytest.fixture
def file_store(path: Path) -> Iterator[Database]:
    """One of SQLite, where a test is of its file."""
    with opened(f"sqlite:///{path}") as store:
        yield store


@contextmanager
def opened(url: str) -> Iterator[Database]:
    store = Database(url)
    store.check()
    yield store
    store.close()


def test_what_is_saved_is_there_in_another_process_s_eyes(store: Database, url: str) -> None:
    saved = store.add("ada", PLOTS)
    with opened(url) as other:
        assert other.of_owner("ada") == (saved,)
        assert other.find("ada", saved.id) == saved


def test_they_are_listed_by_name(store: Database) -> None:
    store.add("ada", TABLES)
    store.add("ada", PLOTS)
    assert [saved.environment for saved in store.of_owner("ada")] == [PLOTS, TABLES]


def test_a_change_keeps_id_and_owner_and_the_day_it_was_made(store: Database) -> None:
    before = store.add("ada", PLOTS)
    after = store.replace("ada", before.id, TABLES)
    assert (after.id, after.owner, after.created) == (before.id, "ada", before.created)
    assert after.changed > before.changed
    assert store.of_owner("ada") == (after,)
    assert after.environment == TABLES


def test_what_is_removed_is_gone(store: Database) -> None:
    saved = store.add("ada", PLOTS)
    store.remove("ada", saved.id)
    assert store.of_owner("ada") == ()


def test_nobody_sees_changes_or_removes_what_is_another_s(store: Database) -> None:
    saved = store.add("ada", PLOTS)
    assert store.of_owner("bob") == ()
    for attempt in (
        lambda: store.find("bob", saved.id),
        lambda: store.replace("bob", saved.id, TABLES),
        lambda: store.remove("bob", saved.id),
    ):
        with pytest.raises(UnknownEnvironmentError):
            attempt()
    assert store.of_owner("ada") == (saved,)


def test_a_name_is_taken_once_by_an_owner(store: Database) -> None:
    store.add("ada", PLOTS)
    store.add("bob", PLOTS)
    other = store.add("ada", TABLES)
    with pytest.raises(EnvironmentExistsError, match="'plots'"):
        store.add("ada", PLOTS)
    with pytest.raises(EnvironmentExistsError, match="'plots'"):
        store.replace("ada", other.id, PLOTS)
    assert [saved.environment for saved in store.of_owner("ada")] == [PLOTS, TABLES]


def test_an_owner_may_have_so_many_and_no_more(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_AN_OWNER", 1)
    store.add("ada", PLOTS)
    with pytest.raises(InvalidChoiceError, match="At most 1"):
        store.add("ada", TABLES)
    store.add("bob", TABLES)


def test_text_of_any_kind_is_kept_as_text(store: Database) -> None:
    title = "Robert'); DROP TABLE environments;-- \u202e ☃"
    saved = store.add("o'hara", Environment("e", title, "2025.06", ()))
    assert store.find("o'hara", saved.id).environment.title == title


def test_a_locked_database_is_a_sentence_and_loses_nothing(
    file_store: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = file_store.add("ada", PLOTS)
    monkeypatch.setattr(engine, "LOCK_SECONDS", 0.01)
    hasty = Database(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="nothing was changed"):
            hasty.add("ada", TABLES)
        with pytest.raises(StoreError):
            hasty.check()
        other.execute("ROLLBACK")
    hasty.check()
    assert hasty.of_owner("ada") == (saved,)
    hasty.close()


@pytest.fixture
def disk(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid() != 0:
        (pytest.fail if pytestconfig.getoption("--no-skips") else pytest.skip)("mounting a disk needs root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "eessi-test", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


@pytest.mark.parametrize(("spoil", "words"), [(make_read_only, "readonly"), (fill, "full")], ids=["read-only", "full"])
def test_a_disk_that_cannot_be_written_is_a_sentence_and_loses_nothing(
    spoil: Callable[[Path], None], words: str, disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(f"sqlite:///{disk / 'store.sqlite'}") as store:
        saved = store.add("ada", PLOTS)
        store.close()  # a disk on which a file is open for writing is not made read-only
        spoil(disk)
        large = Environment("large", "x" * 100, "2025.06", tuple(f"module/{number}" for number in range(2000)))
        with pytest.raises(StoreError, match="nothing was changed"):
            store.add("ada", large)
        assert words in caplog.text or "disk I/O" in caplog.text
        assert "module/7" not in caplog.text, "what users save is not for the log"
        assert store.of_owner("ada") == (saved,)


def test_a_disk_that_has_room_again_is_used_again(disk: Path) -> None:
    with opened(f"sqlite:///{disk / 'store.sqlite'}") as store:
        saved = store.add("ada", PLOTS)
        fill(disk)
        with pytest.raises(StoreError):
            store.add("ada", TABLES)
        (disk / "filler").unlink()
        assert {saved, store.add("ada", TABLES)} == set(store.of_owner("ada"))


SAVE_FOR_EVER = """
import itertools, sys
from eessi_spawner.service.store.database import Database
from eessi_spawner.stack.environments import Environment

store = Database(sys.argv[1])
for number in itertools.count():
    saved = store.add(f"user{number}", Environment("plots", "Plots", "2025.06", ("matplotlib/3",) * 50))
    print(saved.owner, saved.id, flush=True)
"""


def test_what_was_said_to_be_saved_outlives_the_killing_of_the_service(store: Database, url: str) -> None:
    command = [sys.executable, "-c", SAVE_FOR_EVER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().split() for _ in range(20)]
        writer.kill()
        told += [line.split() for line in writer.stdout if line.endswith("\n")]
    for owner, key in told:
        assert store.find(owner, key).environment.modules == ("matplotlib/3",) * 50
    store.add("ada", PLOTS)


def test_a_database_that_cannot_be_used_is_used_as_soon_as_it_can(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"This is a letter." * 100)
    store = Database(f"sqlite:///{path}")
    with pytest.raises(StoreError):
        store.check()
    assert "file is not a database" in caplog.text
    path.unlink()
    assert store.add("ada", PLOTS) == store.of_owner("ada")[0]
    store.close()


@pytest.mark.usefixtures("file_store")
def test_a_database_of_a_later_version_is_not_touched(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    before = path.read_bytes()
    later = Database(f"sqlite:///{path}")
    with pytest.raises(StoreError):
        later.add("ada", PLOTS)
    assert "'9999'" in caplog.text
    assert path.read_bytes() == before
    later.close()


def test_those_who_save_at_once_wait_for_each_other(store: Database) -> None:
    environments = [Environment(f"e{number}", "E", "2025.06", ()) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda environment: store.add("ada", environment), environments))
    assert len(store.of_owner("ada")) == len(environments)


def test_a_database_that_went_away_is_a_sentence_and_is_used_when_it_is_back(postgresql: PostgreSQL) -> None:
    with opened(postgresql.url) as store:
        saved = store.add("before", PLOTS)
        postgresql.stop()
        with pytest.raises(StoreError, match="nothing was changed"):
            store.add("while", PLOTS)
        postgresql.start()
        assert store.of_owner("before") == (saved,)
        assert store.of_owner("while") == ()


@pytest.mark.parametrize("address", ["", "nothing", "nosuch://host/db", "postgresql+nosuchdriver://host/db"])
def test_an_address_that_names_no_database_is_refused(address: str) -> None:
    with pytest.raises(SetUpError, match="database cannot be used"):
        Database(address)


def test_a_password_is_not_told() -> None:
    with pytest.raises(SetUpError) as caught:
        Database("sqlite://ada:secret@host/nowhere/x")
    assert "secret" not in str(caught.value)
    assert "host/nowhere" in str(caught.value)
