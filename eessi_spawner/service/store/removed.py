"""Environments that were removed: for a day they can be brought back, with their ids and the links to them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sqlalchemy import delete, select

from eessi_spawner.errors import UnknownEnvironmentError
from eessi_spawner.service.store.database import Database, check_room
from eessi_spawner.service.store.models import EnvironmentRow, LinkRow, RemovedRow
from eessi_spawner.service.store.rows import from_row, to_row
from eessi_spawner.service.store.saved import SavedEnvironment

UNDO_TIME = timedelta(days=1)


class Removed:
    """What `Database.remove` set aside. Every method blocks, and is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_owner(self, owner: str) -> tuple[SavedEnvironment, ...]:
        """Return what *owner* can bring back, the last removed first; what is older than that is forgotten now.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        oldest = _oldest()
        with self._database.session() as session:
            has_older = session.scalar(select(RemovedRow.id).where(RemovedRow.removed < oldest).limit(1)) is not None
            own = select(RemovedRow).where(RemovedRow.owner == owner, RemovedRow.removed >= oldest)
            found = tuple(map(from_row, session.scalars(own.order_by(RemovedRow.removed.desc()))))
        if has_older:
            self._forget(oldest)
        return found

    def _forget(self, oldest: datetime) -> None:
        with self._database.session(writes=True) as session:
            old = select(RemovedRow.id).where(RemovedRow.removed < oldest)
            session.execute(delete(LinkRow).where(LinkRow.environment.in_(old)))
            session.execute(delete(RemovedRow).where(RemovedRow.removed < oldest))

    def restore(self, owner: str, key: str) -> SavedEnvironment:
        """Bring back the environment of *owner* whose id was *key*, and return it; one that is there stays as it is.

        Raises
        ------
        UnknownEnvironmentError
            If there is none: it was somebody else's, or removed too long ago.
        EnvironmentExistsError
            If the owner has another of that name by now.
        InvalidChoiceError
            If the owner has as many as may be.
        StoreError
            If it cannot be saved.
        """
        gone = UnknownEnvironmentError(
            "There is no such removed environment.", advice="One can be brought back for a day."
        )
        with self._database.session() as session:
            # People press twice.
            there = session.get(EnvironmentRow, key)
            if there is not None and there.owner == owner:
                return from_row(there)
            found = session.get(RemovedRow, key)
            if found is None or found.owner != owner or found.removed < _oldest():
                raise gone
            name = found.name
        with self._database.session(name, writes=True) as session:
            row = session.get(RemovedRow, key)
            if row is None:
                raise gone
            check_room(session, owner)
            saved = from_row(row)
            session.delete(row)
            session.add(to_row(saved))
        return saved


def _oldest() -> datetime:
    """Return when one must have been removed to be brought back, in UTC without a zone as rows have it."""
    return (datetime.now(tz=timezone.utc) - UNDO_TIME).replace(tzinfo=None)
