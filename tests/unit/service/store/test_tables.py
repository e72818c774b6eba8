"""The tables are made once, whole, and as the models say, whoever starts first."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from eessi_spawner.errors import StoreError
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.models import Base
from eessi_spawner.stack.environments import Environment

PLOTS = Environment("plots", "Plots", "2025.06", ("jupyter-server/1", "matplotlib/3"))


def test_many_threads_that_come_first_make_the_tables_once(url: str) -> None:
    store = Database(url)
    with ThreadPoolExecutor(8) as threads:
        saved = list(threads.map(lambda number: store.add(f"user{number}", PLOTS), range(8)))
    assert [store.of_owner(one.owner) for one in saved] == [(one,) for one in saved]
    store.close()


START = """
import sys
from eessi_spawner.service.store.database import Database
print("ready", flush=True)
sys.stdin.readline()
Database(sys.argv[1]).check()
"""


def test_services_that_start_together_make_the_tables_once(url: str) -> None:
    command = [sys.executable, "-c", START, url]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * len(processes)


def test_tables_that_were_not_made_to_the_end_are_made_anew(url: str) -> None:
    store = Database(url)

    def refuse(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO alembic_version"):
            raise sqlalchemy.exc.DatabaseError(statement, None, Exception("the service was killed"))

    sqlalchemy.event.listen(store._engine, "before_cursor_execute", refuse)
    with pytest.raises(StoreError):
        store.check()
    sqlalchemy.event.remove(store._engine, "before_cursor_execute", refuse)
    assert store.add("ada", PLOTS) == store.of_owner("ada")[0]
    store.close()


def test_migrations_make_the_tables_that_the_models_say(url: str) -> None:
    store = Database(url)
    store.check()
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    store.close()
