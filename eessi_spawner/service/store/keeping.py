"""Saves several environments, or one under a name that is free. Blocks: one transaction for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from eessi_spawner.errors import EESSIError, EnvironmentExistsError, InvalidChoiceError, StoreError
from eessi_spawner.service.draft import free_name
from eessi_spawner.service.environment_file import Entry
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.environments import Environment, make_environment

_TRIES = 3


@dataclass(frozen=True)
class Kept:
    """What became of an entry of a file: `saved` (with the id), `unchanged` (it was there) or `refused` (why)."""

    name: str
    result: str
    id: str = ""
    refused: EESSIError | None = None

    def to_json(self) -> dict[str, object]:
        """Return it as the API gives it out."""
        answer: dict[str, object] = {"name": self.name, "result": self.result}
        if self.id:
            answer["id"] = self.id
        if self.refused:
            answer |= {"code": self.refused.code, "message": self.refused.message, "advice": self.refused.advice}
        return answer


def keep_entries(database: Database, owner: str, entries: Iterable[Entry]) -> tuple[Kept, ...]:
    """Save for *owner* what can be saved of *entries*, one by one, and return what became of each.

    Raises
    ------
    StoreError
        If the database cannot be used.
    """
    there = {saved.environment.name: saved for saved in database.of_owner(owner)}
    kept = []
    for entry in entries:
        if entry.environment is None:
            kept.append(Kept(entry.name, "refused", refused=entry.refused))
            continue
        name = entry.environment.name
        if name in there and there[name].environment == entry.environment:
            kept.append(Kept(name, "unchanged", there[name].id))
            continue
        try:
            there[name] = database.add(owner, entry.environment)
            kept.append(Kept(name, "saved", there[name].id))
        except (EnvironmentExistsError, InvalidChoiceError) as error:
            kept.append(Kept(name, "refused", refused=error))
    return tuple(kept)


def keep_copy(database: Database, owner: str, environment: Environment, name: str = "") -> SavedEnvironment:
    """Save *environment* for *owner* under *name*, or under one that is free, and return it.

    Raises
    ------
    InvalidChoiceError
        If *name* is none, or the owner has as many as may be.
    EnvironmentExistsError
        If the owner has another of that name.
    StoreError
        If it cannot be saved.
    """
    if name:
        return database.add(owner, make_environment({**environment.to_json(), "name": name}))
    for _ in range(_TRIES):
        taken = {saved.environment.name for saved in database.of_owner(owner)}
        free = free_name(environment.name, taken)
        number = free.rpartition("-")[2]
        title = environment.title if free == environment.name else f"{environment.title[:90]} ({number})"
        try:
            return database.add(owner, replace(environment, name=free, title=title))
        except EnvironmentExistsError:
            # Another request took it in the meantime.
            continue
    raise StoreError("No free name was found for the copy.", advice="Try again in a minute.")
