"""Keeps what the hub told last of its pools, and when: in memory alone, since after a restart the hub tells anew."""

from __future__ import annotations

import time
from dataclasses import dataclass

from eessi_spawner.placement.facts import PlacementFacts

# A hub tells once a minute even where nothing is new: what is older than this may be of a hub that is away.
FRESH_SECONDS = 600.0
# Replaced in tests.
_clock = time.monotonic


@dataclass(frozen=True)
class ToldFacts:
    """What the hub told, and when by a clock that nobody sets."""

    facts: PlacementFacts
    at: float

    @property
    def age(self) -> float:
        """How many seconds ago it was told."""
        return max(_clock() - self.at, 0.0)


class HubFacts:
    """What is known of the hub now; `told` is None until it has told something."""

    def __init__(self) -> None:
        self.told: ToldFacts | None = None

    def take(self, facts: PlacementFacts) -> None:
        """Keep *facts* instead of those before."""
        self.told = ToldFacts(facts, _clock())


def age_in_words(seconds: float) -> str:
    """Return how long ago something was, in the unit that people would take."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
