"""Links to environments: unguessable, of their owner, and withdrawn at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from eessi_spawner.errors import UnknownEnvironmentError
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.links import Links
from eessi_spawner.stack.environments import Environment

PLOTS = Environment("plots", "Plots", "2025.06", ("jupyter-server/1", "matplotlib/3"))
TABLES = Environment("tables", "Tables", "2023.06", ("pandas/2",))


def test_a_link_shows_the_environment_as_it_is_now(database: Database) -> None:
    saved = database.add("ada", PLOTS)
    token = Links(database).share("ada", saved.id)
    assert Links(database).find(token) == saved
    changed = database.replace("ada", saved.id, TABLES)
    assert Links(database).find(token) == changed


def test_an_environment_has_one_link_of_its_own_until_it_is_withdrawn(database: Database) -> None:
    links = Links(database)
    plots, tables = database.add("ada", PLOTS), database.add("ada", TABLES)
    database.add("bob", PLOTS)
    token = links.share("ada", plots.id)
    assert links.share("ada", plots.id) == token
    other = links.share("ada", tables.id)
    assert len({token, other}) == 2
    assert min(len(token), len(other)) == 32
    assert links.of_owner("ada") == {plots.id: token, tables.id: other}
    assert links.of_owner("bob") == {}
    links.withdraw("ada", plots.id)
    with pytest.raises(UnknownEnvironmentError, match="leads to no environment"):
        links.find(token)
    assert links.share("ada", plots.id) != token
    links.withdraw("ada", tables.id)
    links.withdraw("ada", tables.id)


@pytest.mark.parametrize("token", ["", "x" * 32, "%", "' OR 1=1 --"])
def test_a_guess_leads_nowhere(token: str, database: Database) -> None:
    Links(database).share("ada", database.add("ada", PLOTS).id)
    with pytest.raises(UnknownEnvironmentError):
        Links(database).find(token)


def test_nobody_shares_or_withdraws_what_is_another_s(database: Database) -> None:
    saved = database.add("ada", PLOTS)
    token = Links(database).share("ada", saved.id)
    for attempt in (Links(database).share, Links(database).withdraw):
        with pytest.raises(UnknownEnvironmentError, match="no such environment"):
            attempt("bob", saved.id)
    assert Links(database).find(token) == saved


def test_who_presses_twice_gets_one_link(database: Database) -> None:
    saved = database.add("ada", PLOTS)
    with ThreadPoolExecutor(4) as threads:
        tokens = set(threads.map(lambda _: Links(database).share("ada", saved.id), range(8)))
    assert len(tokens) == 1
