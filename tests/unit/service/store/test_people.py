"""Each table says whose its rows are, so that none is forgotten when a user asks or goes."""

from __future__ import annotations

from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.models import Base
from eessi_spawner.service.store.people import People
from eessi_spawner.stack.environments import Environment

PLOTS = Environment("plots", "Plots", "2025.06", ())


def test_each_table_says_whose_its_rows_are() -> None:
    for mapper in Base.registry.mappers:
        column = mapper.class_.__users__
        assert not column or column in mapper.columns


def test_all_of_some_goes_and_nothing_of_others(url: str) -> None:
    store = Database(url)
    for owner in ("ada", "o'hara", "bob"):
        store.add(owner, PLOTS)
    people = People(store)
    assert people.names() == {"ada", "o'hara", "bob"}
    people.forget(["ada", "o'hara", "nobody"])
    assert people.names() == {"bob"}
    assert not any(people.export("ada").values())
    assert len(people.export("bob")["environments"]) == 1
    store.close()
