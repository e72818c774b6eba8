"""Reads and writes what users saved. Every method blocks, and is one transaction."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from eessi_spawner.errors import (
    EnvironmentExistsError,
    InvalidChoiceError,
    StoreError,
    UnknownEnvironmentError,
)
from eessi_spawner.service.store.engine import make_engine, that_writes, wait_for_other_services
from eessi_spawner.service.store.models import EnvironmentRow
from eessi_spawner.service.store.rows import change_row, from_row, removed_row, to_row
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.environments import Environment

MOST_OF_AN_OWNER = 200
_MIGRATIONS = Path(__file__).with_name("migrations")
_log = logging.getLogger(__name__)


class Database:
    """The saved environments of all users.

    The first use that succeeds makes the tables, or brings those of an earlier version up to date: a database that
    is away when the service starts is used as soon as it is there.

    Parameters
    ----------
    url
        As SQLAlchemy writes it.

    Raises
    ------
    SetUpError
        If there is no such kind of database, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._has_tables = False
        self._making_tables = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def check(self) -> None:
        """Make sure that the database can be read, and has its tables.

        Raises
        ------
        StoreError
            If it cannot.
        """
        with self.session() as session:
            session.execute(select(EnvironmentRow.id).limit(1)).first()

    def count(self) -> int:
        """Return how many environments are saved.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        with self.session() as session:
            return session.scalar(select(func.count()).select_from(EnvironmentRow)) or 0

    def of_owner(self, owner: str) -> tuple[SavedEnvironment, ...]:
        """Return all environments of *owner*, by name.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        with self.session() as session:
            wanted = select(EnvironmentRow).where(EnvironmentRow.owner == owner).order_by(EnvironmentRow.name)
            return tuple(map(from_row, session.scalars(wanted)))

    def find(self, owner: str, key: str) -> SavedEnvironment:
        """Return the environment of *owner* whose id is *key*.

        Raises
        ------
        UnknownEnvironmentError
            If there is none, or it is somebody else's.
        StoreError
            If it cannot be read.
        """
        with self.session() as session:
            return from_row(own_row(session, owner, key))

    def add(self, owner: str, environment: Environment) -> SavedEnvironment:
        """Save *environment* for *owner*, and return it with its new id.

        Raises
        ------
        EnvironmentExistsError
            If the owner has another of that name.
        InvalidChoiceError
            If the owner has as many as may be.
        StoreError
            If it cannot be saved.
        """
        now = datetime.now(tz=timezone.utc)
        saved = SavedEnvironment(uuid.uuid4().hex, owner, environment, now, now)
        with self.session(environment.name, writes=True) as session:
            check_room(session, owner)
            session.add(to_row(saved))
        return saved

    def replace(self, owner: str, key: str, environment: Environment) -> SavedEnvironment:
        """Let the environment of *owner* whose id is *key* be *environment*, and return it.

        Raises
        ------
        UnknownEnvironmentError
            If there is none, or it is somebody else's.
        EnvironmentExistsError
            If the owner has another of that name.
        StoreError
            If it cannot be saved.
        """
        with self.session(environment.name, writes=True) as session:
            row = own_row(session, owner, key)
            change_row(row, environment, datetime.now(tz=timezone.utc))
            return from_row(row)

    def remove(self, owner: str, key: str) -> None:
        """Remove the environment of *owner* whose id is *key*; for a while `Removed` can bring it back.

        Raises
        ------
        UnknownEnvironmentError
            If there is none, or it is somebody else's.
        StoreError
            If it cannot be removed.
        """
        with self.session(writes=True) as session:
            row = own_row(session, owner, key)
            session.add(removed_row(from_row(row), datetime.now(tz=timezone.utc)))
            session.delete(row)

    @contextmanager
    def session(self, name: str = "", *, writes: bool = False) -> Iterator[Session]:
        """Give a session, and commit at its end; what a database refuses becomes a sentence.

        Parameters
        ----------
        name
            Of the environment that is saved, if one is.
        writes
            Whether anything is written.
        """
        try:
            self._make_tables()
            engine = that_writes(self._engine) if writes else self._engine
            with Session(engine) as session, session.begin():
                yield session
        except IntegrityError:
            raise EnvironmentExistsError(
                f"You have an environment called {name!r} already.", advice="Choose another name, or change that one."
            ) from None
        except (SQLAlchemyError, CommandError) as error:
            _log.error("The database %r cannot be used: %s", self._engine.url, _reason(error))
            # The next one to come opens it anew: the file may be another by then.
            self._engine.dispose()
            raise StoreError(
                "Saved environments cannot be read or changed now; nothing was changed.",
                advice="Try again in a minute. The service's log says why.",
            ) from None

    def _make_tables(self) -> None:
        with self._making_tables:
            if self._has_tables:
                return
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            with that_writes(self._engine).begin() as connection:
                wait_for_other_services(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            self._has_tables = True


def check_room(session: Session, owner: str) -> None:
    """Make sure that *owner* may have one more.

    Raises
    ------
    InvalidChoiceError
        If they may not.
    """
    own = select(func.count()).select_from(EnvironmentRow).where(EnvironmentRow.owner == owner)
    if (session.scalar(own) or 0) >= MOST_OF_AN_OWNER:
        raise InvalidChoiceError(
            f"At most {MOST_OF_AN_OWNER} environments can be saved, and you have as many.",
            advice="Remove one that you no longer use.",
        )


def own_row(session: Session, owner: str, key: str) -> EnvironmentRow:
    """Return the row of *owner* whose id is *key*.

    Raises
    ------
    UnknownEnvironmentError
        If there is none, or it is somebody else's.
    """
    row = session.get(EnvironmentRow, key)
    if row is None or row.owner != owner:
        raise UnknownEnvironmentError("You have no such environment.", advice="It may have been removed: look at all.")
    return row


def _reason(error: Exception) -> str:
    """Return what the driver said, without the statement and its values: they are the user's."""
    return str(getattr(error, "orig", None) or error).strip().rstrip(".")
