"""Whose data is in the database: lists, gives out and removes all of a user, whatever the table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, inspect, select

from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.models import Base
from eessi_spawner.service.store.saved import zulu


class People:
    """The users who have data.

    Parameters
    ----------
    database
        Where it is. Each table whose rows are of users says by `__users__` in which column their names are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> frozenset[str]:
        """Return all users who have data.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        with self._database.session() as session:
            return frozenset(name for _, column in _tables() for name in session.scalars(select(column).distinct()))

    def export(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return all that is kept of a user, as plain data: table to rows.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        with self._database.session() as session:
            return {
                table.__tablename__: [_plain(row) for row in session.scalars(select(table).where(column == name))]
                for table, column in _tables()
            }

    def forget(self, names: Collection[str]) -> None:
        """Remove all that is kept of users, or nothing.

        Raises
        ------
        StoreError
            If it cannot be removed.
        """
        with self._database.session(writes=True) as session:
            for table, column in _tables():
                for name in sorted(names):
                    session.execute(delete(table).where(column == name))


def _tables() -> Iterator[tuple[type[Base], ColumnElement[str]]]:
    """Yield the tables with rows of users, and the column that says whose."""
    for mapper in Base.registry.mappers:
        if column := mapper.class_.__users__:
            yield mapper.class_, getattr(mapper.class_, column)


def _plain(row: Base) -> dict[str, Any]:
    columns = ((column.key, getattr(row, column.key)) for column in inspect(type(row)).column_attrs)
    return {name: zulu(value) if isinstance(value, datetime) else value for name, value in columns}
