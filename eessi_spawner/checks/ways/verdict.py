"""A verdict: whether a way to attach works on a cluster, why, and what to write or do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

# Nothing in the API says what a volume has in it, or a server exports: names do.
LOOKS_LIKE_IT = re.compile(r"cvmfs|eessi", re.IGNORECASE)

State = Literal["works", "needs", "unknown", "no"]


@dataclass(frozen=True)
class Verdict:
    """What is known of one way.

    Attributes
    ----------
    code
        Stable, one for each way.
    title
        What it is, in few words.
    state
        `works`: nothing more is needed, as far as can be seen. `needs`: it would work, once something is made.
        `unknown`: what decides could not be seen. `no`: the cluster does not allow it, or lacks what only its
        administrator installs.
    reason
        One sentence.
    advice
        What to do; empty where it works.
    settings
        What to write as `eessi_attach` to have it; empty where nothing can be named yet.
    """

    code: str
    title: str
    state: State
    reason: str
    advice: str = ""
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "code": self.code,
            "title": self.title,
            "state": self.state,
            "reason": self.reason,
            "advice": self.advice,
            "eessi_attach": dict(self.settings) or None,
        }


def names(found: Sequence[str], most: int = 3) -> str:
    """Return the first of *found* as a part of a sentence."""
    ordered = sorted(found)
    more = len(ordered) - most
    return ", ".join([*ordered[:most], *([f"{more} more"] if more > 0 else [])])
