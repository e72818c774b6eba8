"""Links by which users show their environments to others."""

from __future__ import annotations

import secrets

from sqlalchemy import delete, select

from eessi_spawner.errors import EnvironmentExistsError, UnknownEnvironmentError
from eessi_spawner.service.store.database import Database, own_row
from eessi_spawner.service.store.models import EnvironmentRow, LinkRow
from eessi_spawner.service.store.rows import from_row
from eessi_spawner.service.store.saved import SavedEnvironment

# Of 192 bits: nobody finds one by trying.
_TOKEN_BYTES = 24


class Links:
    """The links of all users. Every method blocks, and is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def share(self, owner: str, key: str) -> str:
        """Return the token of the link to the environment of *owner* whose id is *key*; the one that it has, if any.

        Raises
        ------
        UnknownEnvironmentError
            If there is none, or it is somebody else's.
        StoreError
            If it cannot be saved.
        """
        try:
            return self._share(owner, key)
        except EnvironmentExistsError:
            # Another request made it in the meantime: people press twice.
            return self._share(owner, key)

    def _share(self, owner: str, key: str) -> str:
        with self._database.session(writes=True) as session:
            own_row(session, owner, key)
            token = session.scalar(select(LinkRow.token).where(LinkRow.environment == key))
            if token is None:
                token = secrets.token_urlsafe(_TOKEN_BYTES)
                session.add(LinkRow(token=token, environment=key, owner=owner))
            return token

    def withdraw(self, owner: str, key: str) -> None:
        """Let the link to the environment of *owner* whose id is *key* lead nowhere; another share makes another.

        Raises
        ------
        UnknownEnvironmentError
            If there is no such environment, or it is somebody else's.
        StoreError
            If it cannot be saved.
        """
        with self._database.session(writes=True) as session:
            own_row(session, owner, key)
            session.execute(delete(LinkRow).where(LinkRow.environment == key))

    def of_owner(self, owner: str) -> dict[str, str]:
        """Return the ids of the environments that *owner* shares, each with the token of its link.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        with self._database.session() as session:
            wanted = select(LinkRow).join(EnvironmentRow, EnvironmentRow.id == LinkRow.environment)
            rows = session.scalars(wanted.where(EnvironmentRow.owner == owner))
            return {row.environment: row.token for row in rows}

    def find(self, token: str) -> SavedEnvironment:
        """Return the environment that the link of *token* leads to, whoever asks.

        Raises
        ------
        UnknownEnvironmentError
            If it leads nowhere.
        StoreError
            If it cannot be read.
        """
        with self._database.session() as session:
            wanted = select(EnvironmentRow).join(LinkRow, EnvironmentRow.id == LinkRow.environment)
            row = session.scalar(wanted.where(LinkRow.token == token))
            if row is None:
                raise UnknownEnvironmentError(
                    "This link leads to no environment.",
                    advice="Its owner may have stopped sharing it, or removed it: ask for a new link.",
                )
            return from_row(row)
