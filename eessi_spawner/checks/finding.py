"""A finding: what is the matter, for the user, and in Kubernetes' own words, for the administrator's log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that keeps a server from starting.

    Attributes
    ----------
    code
        Stable, for logs and tests; findings of one code are one trouble.
    sentence
        What the user reads.
    advice
        What to do; whom to ask.
    reason
        Kubernetes' own words.
    patience
        How long it may last before the start is given up, in seconds; None where it is waited for.
    """

    code: str
    sentence: str
    advice: str
    reason: str
    patience: float | None = None
