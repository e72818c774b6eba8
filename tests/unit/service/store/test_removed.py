"""What was removed can be brought back for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eessi_spawner.errors import EnvironmentExistsError, InvalidChoiceError, UnknownEnvironmentError
from eessi_spawner.service.store import database as module
from eessi_spawner.service.store import removed as undo
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.links import Links
from eessi_spawner.service.store.removed import Removed
from eessi_spawner.stack.environments import Environment

PLOTS = Environment("plots", "Plots", "2025.06", ("jupyter-server/1", "matplotlib/3"))
TABLES = Environment("tables", "Tables", "2023.06", ("pandas/2",))


def test_what_was_removed_comes_back_as_it_was_with_its_link(database: Database) -> None:
    saved = database.add("ada", PLOTS)
    token = Links(database).share("ada", saved.id)
    database.remove("ada", saved.id)
    assert database.of_owner("ada") == ()
    with pytest.raises(UnknownEnvironmentError):
        Links(database).find(token)
    assert Removed(database).of_owner("ada") == (saved,)
    assert Removed(database).restore("ada", saved.id) == saved
    assert Removed(database).restore("ada", saved.id) == saved
    assert database.of_owner("ada") == (saved,)
    assert Links(database).find(token) == saved
    assert Removed(database).of_owner("ada") == ()


def test_nobody_sees_or_brings_back_what_another_removed(database: Database) -> None:
    saved = database.add("ada", PLOTS)
    database.remove("ada", saved.id)
    assert Removed(database).of_owner("bob") == ()
    with pytest.raises(UnknownEnvironmentError):
        Removed(database).restore("bob", saved.id)
    with pytest.raises(UnknownEnvironmentError):
        Removed(database).restore("ada", "0" * 32)


def test_it_does_not_replace_another_of_its_name(database: Database) -> None:
    first = database.add("ada", PLOTS)
    database.remove("ada", first.id)
    second = database.add("ada", PLOTS)
    with pytest.raises(EnvironmentExistsError, match="'plots'"):
        Removed(database).restore("ada", first.id)
    assert database.of_owner("ada") == (second,)
    assert Removed(database).of_owner("ada") == (first,)


def test_it_comes_back_only_where_there_is_room(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_AN_OWNER", 1)
    first = database.add("ada", PLOTS)
    database.remove("ada", first.id)
    database.add("ada", TABLES)
    with pytest.raises(InvalidChoiceError, match="At most 1"):
        Removed(database).restore("ada", first.id)


def test_after_a_day_it_is_forgotten_with_its_link(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = database.add("ada", PLOTS)
    Links(database).share("ada", saved.id)
    database.remove("ada", saved.id)
    monkeypatch.setattr(undo, "UNDO_TIME", timedelta(seconds=-1))
    with pytest.raises(UnknownEnvironmentError):
        Removed(database).restore("ada", saved.id)
    assert Removed(database).of_owner("bob") == ()
    monkeypatch.undo()
    assert Removed(database).of_owner("ada") == ()
    with database.session() as session:
        assert session.query(module.EnvironmentRow).count() == 0
        assert session.query(undo.LinkRow).count() == 0
