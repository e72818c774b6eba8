"""Connects to a database. SQLite and PostgreSQL differ here, and nowhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from eessi_spawner.errors import SetUpError

# How long one waits for another who writes: shorter than people and proxies wait.
LOCK_SECONDS = 5.0
# Who makes tables in PostgreSQL holds this lock, so that services that start together do so one after the other.
_LOCK_OF_TABLES = 0x_EE_55_1
_WRITES = "eessi_writes"


def make_engine(url: str) -> Engine:
    """Return what connects to the database at *url*, as SQLAlchemy writes it; nothing is connected yet.

    Raises
    ------
    SetUpError
        If there is no such kind of database, or its driver is not installed.
    """
    try:
        address = make_url(url)
        kind = address.get_backend_name()
        engine = create_engine(address, pool_pre_ping=True, connect_args=_waits(kind))
    except (ArgumentError, ImportError) as error:
        raise SetUpError(
            f"The service's database cannot be used: {str(error).splitlines()[0]}.",
            advice="Write it as SQLAlchemy does, such as sqlite:////srv/eessi.sqlite, and install its driver.",
        ) from None
    if kind == "sqlite":
        event.listen(engine, "connect", _leave_begin_to_us)
        event.listen(engine, "begin", _begin)
    return engine


def that_writes(engine: Engine) -> Engine:
    """Return *engine* for transactions that write: in SQLite they wait for each other from their beginning.

    One that began by reading would be refused at once where another has written since.
    """
    return engine.execution_options(**{_WRITES: True})


def wait_for_other_services(connection: Connection) -> None:
    """Wait until no other process makes tables; it holds for the transaction of *connection*, which writes."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK_OF_TABLES})


def _waits(kind: str) -> dict[str, Any]:
    if kind == "sqlite":
        return {"timeout": LOCK_SECONDS}
    if kind == "postgresql":
        milliseconds = round(LOCK_SECONDS * 1000)
        limits = f"-c lock_timeout={milliseconds} -c statement_timeout={2 * milliseconds}"
        return {"connect_timeout": round(LOCK_SECONDS), "options": limits}
    return {}


def _leave_begin_to_us(connection: Any, _: object) -> None:
    """Let Python's sqlite3 begin nothing: it does so late, and for tables not at all, so that a half would stay."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
