"""What the hub reports of servers that it started, or could not start: read from JSON, checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from eessi_spawner.errors import InvalidChoiceError

MOST_SPAWNS = 200
RESULTS = ("ready", "failed", "refused", "stopped")
_MOST_ENVIRONMENTS = 50
# What each text may be; `$` would let a line end pass.
_SHAPES = {
    "id": re.compile(r"[0-9a-f]{32}"),
    "user": re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}"),
    "server": re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,255}"),
    "result": re.compile("|".join(RESULTS)),
    "code": re.compile(r"[a-z0-9_]{0,50}"),
    "pool": re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,255}"),
    "release": re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,20}"),
}
_KEY = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Spawn:
    """One start of a server, or its end.

    Attributes
    ----------
    id
        32 hexadecimal digits that the hub chose: what is reported twice is kept once.
    user, server
        Whose server, and its name; empty: the default one.
    at
        When it began, in UTC.
    result
        `ready`: the server answers. `refused`: what was asked for cannot be had. `failed`: it was to be started, and
        did not. `stopped`: it was given up before it was either.
    code
        Why it failed or was refused: the stable code of the error; empty otherwise.
    pool, release
        Where it was to run, and of which EESSI; empty: not known.
    environments
        The keys of what it offered as kernels (`Environment.key`).
    seconds
        How long it took.
    """

    id: str
    user: str
    server: str
    at: datetime
    result: str
    code: str
    pool: str
    release: str
    environments: tuple[str, ...]
    seconds: float


def spawns_from_json(data: object) -> tuple[Spawn, ...]:
    """Return the spawns in `{"items": [...]}`, each id once.

    Raises
    ------
    InvalidChoiceError
        If there are too many, or a field is missing, of the wrong type or out of bounds.
    """
    items = data.get("items") if isinstance(data, Mapping) else None
    if not isinstance(items, list) or len(items) > MOST_SPAWNS:
        raise _unfit("items", f"a list of at most {MOST_SPAWNS} spawns")
    found = {spawn.id: spawn for spawn in map(_spawn, items)}
    return tuple(found.values())


def _spawn(data: object) -> Spawn:
    if not isinstance(data, Mapping):
        raise _unfit("items", "a list of objects")
    texts = {}
    for name, shape in _SHAPES.items():
        value = data.get(name)
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise _unfit(name, f"a text of the shape {shape.pattern}")
        texts[name] = value
    return Spawn(
        **texts,
        at=_moment(data.get("at")),
        environments=_keys(data.get("environments")),
        seconds=_seconds(data.get("seconds")),
    )


def _moment(value: object) -> datetime:
    """Return a time as RFC 3339 writes it; the zone may be any, but has to be there."""
    try:
        moment = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", value)) if isinstance(value, str) else None
        # A day of slack: the first and the last year have times that are none in UTC.
        if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
            raise _unfit("at", "a time such as 2026-09-01T08:00:00Z")
        return moment.astimezone(timezone.utc)
    except ValueError:
        raise _unfit("at", "a time such as 2026-09-01T08:00:00Z") from None


def _keys(value: object) -> tuple[str, ...]:
    is_list = isinstance(value, Sequence) and not isinstance(value, str) and len(value) <= _MOST_ENVIRONMENTS
    if not is_list or not all(isinstance(key, str) and _KEY.fullmatch(key) for key in value):  # type: ignore[attr-defined]
        raise _unfit("environments", f"a list of at most {_MOST_ENVIRONMENTS} keys of environments")
    return tuple(dict.fromkeys(value))  # type: ignore[call-overload]


def _seconds(value: object) -> float:
    # NaN is not between the bounds either.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10**9:
        raise _unfit("seconds", "a number that is not negative")
    return float(value)


def _unfit(name: str, wanted: str) -> InvalidChoiceError:
    return InvalidChoiceError(
        f"{name!r} of a report of spawns must be {wanted}.",
        advice="Run a hub and a service of the same version of eessi-spawner.",
    )
