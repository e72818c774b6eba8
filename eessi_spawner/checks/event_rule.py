"""A rule: what an event's reason and words mean for the user."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The beginning of advice that only an administrator can follow.
ASK = "Tell an administrator of this hub"


@dataclass(frozen=True)
class EventRule:
    """An event's reasons and a pattern of its message, and what they mean; `{...}` are the pattern's groups."""

    reasons: tuple[str, ...]
    pattern: re.Pattern[str]
    code: str
    sentence: str
    advice: str
    patience: float | None = None


def rule(  # noqa: PLR0913, PLR0917  (a row of a table)
    reasons: str, pattern: str, code: str, sentence: str, advice: str, patience: float | None = None
) -> EventRule:
    """Return a rule; *reasons* are separated by spaces."""
    return EventRule(tuple(reasons.split()), re.compile(pattern, re.DOTALL), code, sentence, advice, patience)
