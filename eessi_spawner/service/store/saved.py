"""An environment that a user saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eessi_spawner.stack.environments import Environment


@dataclass(frozen=True)
class SavedEnvironment:
    """An environment with its owner.

    Attributes
    ----------
    id
        What addresses call it: 32 random hexadecimal digits, the same for its whole life.
    owner
        The user's name in JupyterHub.
    environment
        Its name is unique among the owner's.
    created, changed
        In UTC, to the microsecond.
    """

    id: str
    owner: str
    environment: Environment
    created: datetime
    changed: datetime

    def to_json(self) -> dict[str, object]:
        """Return what the API gives out to the owner."""
        return {
            "id": self.id,
            **self.environment.to_json(),
            "generation": self.environment.generation,
            "key": self.environment.key,
            "created": zulu(self.created),
            "changed": zulu(self.changed),
        }


def zulu(moment: datetime) -> str:
    """Return *moment*, of UTC, as RFC 3339 writes it."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
