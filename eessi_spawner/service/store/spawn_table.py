"""Reads and writes what the hub reported of spawns. Every method blocks, and is one transaction."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from eessi_spawner.service.spawns import Spawn
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.models import EnvironmentRow, SpawnRow
from eessi_spawner.service.store.rows import from_row, without_zone

KEPT_DAYS = 90
# Of so many starts the page of a large hub is made in a second; more would say nothing else.
_MOST_READ = 50_000
_MOST_TITLES = 5_000


@dataclass(frozen=True)
class Started:
    """Of a server that was started: where, how long it took, with what."""

    user: str
    pool: str
    seconds: float
    environments: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """How many spawns of a pool ended in the same way."""

    result: str
    code: str
    pool: str
    spawns: int
    users: int


class SpawnTable:
    """The reported spawns of the last 90 days.

    Parameters
    ----------
    database
        Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # A report that comes twice at once would be new both times.
        self._adding = threading.Lock()

    def add(self, spawns: Sequence[Spawn]) -> tuple[Spawn, ...]:
        """Keep those of *spawns* that are new and return them; what is older than 90 days is removed.

        Raises
        ------
        StoreError
            If they cannot be kept; then none is.
        """
        oldest = datetime.now(tz=timezone.utc) - timedelta(days=KEPT_DAYS)
        recent = [spawn for spawn in spawns if spawn.at >= oldest]
        with self._adding, self._database.session(writes=True) as session:
            session.execute(delete(SpawnRow).where(SpawnRow.at < without_zone(oldest)))
            new = _unknown(session, recent)
            session.add_all(map(_to_row, new))
        return new

    def counts(self, since: datetime) -> tuple[Count, ...]:
        """Return how spawns ended since then, by result, code and pool, the most frequent first.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        kind = (SpawnRow.result, SpawnRow.code, SpawnRow.pool)
        number = func.count()
        wanted = (
            select(*kind, number, func.count(SpawnRow.user.distinct()))
            .where(SpawnRow.at >= without_zone(since))
            .group_by(*kind)
            .order_by(number.desc(), *kind)
        )
        with self._database.session() as session:
            return tuple(Count(*row) for row in session.execute(wanted))

    def started(self, since: datetime) -> tuple[Started, ...]:
        """Return the servers that became ready since then, the newest first, at most 50 000.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        wanted = (
            select(SpawnRow.user, SpawnRow.pool, SpawnRow.seconds, SpawnRow.environments)
            .where(SpawnRow.at >= without_zone(since), SpawnRow.result == "ready")
            .order_by(SpawnRow.at.desc())
            .limit(_MOST_READ)
        )
        with self._database.session() as session:
            return tuple(
                Started(user, pool, seconds, tuple(keys)) for user, pool, seconds, keys in session.execute(wanted)
            )

    def titles(self, users: Collection[str]) -> dict[str, str]:
        """Return the titles of what *users* have saved, by `Environment.key`; of several titles the latest.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        wanted = select(EnvironmentRow).where(EnvironmentRow.owner.in_(users)).order_by(EnvironmentRow.changed.desc())
        with self._database.session() as session:
            rows = list(session.scalars(wanted.limit(_MOST_TITLES)))
            return {from_row(row).environment.key: row.title for row in reversed(rows)}


def _unknown(session: Session, spawns: Sequence[Spawn]) -> tuple[Spawn, ...]:
    ids = [spawn.id for spawn in spawns]
    known = set(session.scalars(select(SpawnRow.id).where(SpawnRow.id.in_(ids))))
    return tuple(spawn for spawn in spawns if spawn.id not in known)


def _to_row(spawn: Spawn) -> SpawnRow:
    return SpawnRow(
        id=spawn.id,
        user=spawn.user,
        server=spawn.server,
        at=without_zone(spawn.at),
        result=spawn.result,
        code=spawn.code,
        pool=spawn.pool,
        release=spawn.release,
        environments=list(spawn.environments),
        seconds=spawn.seconds,
    )
