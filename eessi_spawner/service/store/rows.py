"""Values to rows, and back. Pure."""

from __future__ import annotations

from datetime import datetime, timezone

from eessi_spawner.service.store.models import EnvironmentRow, RemovedRow
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.environments import Environment


def to_row(saved: SavedEnvironment) -> EnvironmentRow:
    """Return *saved* as a new row."""
    row = EnvironmentRow(id=saved.id, owner=saved.owner, created=without_zone(saved.created))
    change_row(row, saved.environment, saved.changed)
    return row


def change_row(row: EnvironmentRow | RemovedRow, environment: Environment, changed: datetime) -> None:
    """Let *row* hold *environment*; whose it is stays."""
    row.name = environment.name
    row.title = environment.title
    row.release = environment.release
    row.language = environment.language
    row.modules = list(environment.modules)
    row.changed = without_zone(changed)


def removed_row(saved: SavedEnvironment, removed: datetime) -> RemovedRow:
    """Return *saved* as a row of those that were removed."""
    row = RemovedRow(id=saved.id, owner=saved.owner, created=without_zone(saved.created))
    change_row(row, saved.environment, saved.changed)
    row.removed = without_zone(removed)
    return row


def from_row(row: EnvironmentRow | RemovedRow) -> SavedEnvironment:
    """Return what *row* holds."""
    environment = Environment(row.name, row.title, row.release, tuple(row.modules), row.language)
    return SavedEnvironment(row.id, row.owner, environment, with_zone(row.created), with_zone(row.changed))


def without_zone(moment: datetime) -> datetime:
    """Return *moment* as the tables keep it: in UTC."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def with_zone(moment: datetime) -> datetime:
    """Return a *moment* of the tables."""
    return moment.replace(tzinfo=timezone.utc)
