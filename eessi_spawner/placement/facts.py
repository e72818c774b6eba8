"""What is known of a hub's pools, as one process tells it to another: values to JSON and back, checked. Pure.

All fields but `recommended` have to be there, others are passed over: a hub that is newer tells more. `null` is what is
not known; for cores and bytes it is "without bound", as in a pool that is declared without them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf, isfinite
from types import MappingProxyType
from typing import Any, TypeVar

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.stack.accelerators import parse_accelerator
from eessi_spawner.stack.cpu_targets import parse_cpu_target
from eessi_spawner.stack.environments import Environment, make_environment

T = TypeVar("T")

# More than any hub has: what is larger is no answer of one.
_MOST_ENTRIES = 100_000
_MOST_CHARACTERS = 1000
_LARGEST = 2.0**63


@dataclass(frozen=True)
class Recommended:
    """An environment that a site offers, and the groups of JupyterHub that it is kept for (none: everybody)."""

    environment: Environment
    allowed_groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PlacementFacts:
    """All that decides where a server of a hub can run, but what exists of EESSI.

    Attributes
    ----------
    states
        All pools of the hub, whoever may use them; none: pools are not known.
    request
        What a server asks for that is started without a choice and without a profile.
    waits
        Pool's name to how many seconds its last new nodes took.
    counts_own
        Whether only the hub's own pods are counted as using room.
    recommended
        The environments that the site's configuration lists.
    """

    states: tuple[PoolState, ...] = ()
    request: Request = field(default_factory=Request)
    waits: Mapping[str, Sequence[float]] = field(default_factory=lambda: MappingProxyType({}))
    counts_own: bool = False
    recommended: tuple[Recommended, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the facts as `facts_from_json` reads them."""
        return {
            "pools": list(map(state_to_json, self.states)),
            "request": request_to_json(self.request),
            "waits": {pool: list(seconds) for pool, seconds in self.waits.items()},
            "counts_own": self.counts_own,
            "recommended": [
                {"environment": one.environment.to_json(), "allowed_groups": sorted(one.allowed_groups)}
                for one in self.recommended
            ],
        }


def facts_from_json(data: object) -> PlacementFacts:
    """Return the facts that *data* holds.

    Raises
    ------
    InvalidChoiceError
        If a field is missing, of the wrong type or out of bounds; the message begins with its path.
    """
    read = _fields(
        data, {"pools": _many(state_from_json), "request": request_from_json, "waits": _waits, "counts_own": _flag}
    )
    recommended = _at("recommended", _many(_recommended), _object(data).get("recommended", []))
    return PlacementFacts(read["pools"], read["request"], read["waits"], read["counts_own"], recommended)


def recommended_to(groups: Collection[str], facts: PlacementFacts) -> tuple[Environment, ...]:
    """Return the recommended environments that a member of *groups* may use."""
    return tuple(
        one.environment
        for one in facts.recommended
        if not one.allowed_groups or not one.allowed_groups.isdisjoint(groups)
    )


def state_to_json(state: PoolState) -> dict[str, Any]:
    """Return a pool as it is now, as `state_from_json` reads it."""
    pool = state.pool
    return {
        "name": pool.name,
        "cpu_target": pool.cpu_target.path if pool.cpu_target else None,
        "machine": pool.machine,
        "accelerators": list(pool.accelerators),
        "requirements": list(map(dict, pool.requirements)),
        "taints": list(map(asdict, pool.taints)),
        "tolerations": list(map(dict, pool.tolerations)),
        "node": _amounts_to_json(pool.node) if pool.node else None,
        "max_nodes": pool.max_nodes,
        "allowed_groups": sorted(pool.allowed_groups),
        "nfs_server": pool.nfs_server,
        "is_declared": pool.is_declared,
        "rooms": None if state.rooms is None else list(map(_amounts_to_json, state.rooms)),
        "closed": state.closed,
        "sizes": list(map(_amounts_to_json, state.sizes)),
    }


def state_from_json(data: object) -> PoolState:
    """Return the pool that *data* describes (`facts_from_json` says what is raised)."""
    read = _fields(data, _STATE)
    rooms, closed, sizes = (read.pop(name) for name in ("rooms", "closed", "sizes"))
    return PoolState(NodePool(**{**read, "allowed_groups": frozenset(read["allowed_groups"])}), rooms, closed, sizes)


def request_to_json(request: Request) -> dict[str, Any]:
    """Return what a server asks for, as `request_from_json` reads it."""
    return {
        "resources": _amounts_to_json(request.resources),
        "tolerations": list(map(dict, request.tolerations)),
        "pool": request.pool,
        "pin": request.pin.path if request.pin else None,
        "machines": list(request.machines),
    }


def request_from_json(data: object) -> Request:
    """Return the request that *data* describes (`facts_from_json` says what is raised)."""
    return Request(**_fields(data, _REQUEST))


def _amounts_to_json(amounts: Resources) -> dict[str, Any]:
    return {
        "cpu": amounts.cpu if isfinite(amounts.cpu) else None,
        "memory": amounts.memory if isfinite(amounts.memory) else None,
        "devices": dict(amounts.devices),
    }


# Readers: each returns a value that it has checked, or raises InvalidChoiceError.


def _text(value: object) -> str:
    # Half of a letter (a surrogate) is JSON, but cannot be written anywhere.
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS or any("\ud800" <= one <= "\udfff" for one in value):
        raise _unfit("a text", value)
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _unfit("true or false", value)
    return value


def _number(value: object) -> float:
    # NaN is not between the bounds either.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -_LARGEST <= value <= _LARGEST:
        raise _unfit("a number", value)
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise _unfit("a whole number that is not negative", value)
    return value


def _bound(value: object) -> float:
    return inf if value is None else _number(value)


def _object(value: object) -> Mapping[str, Any]:
    """Return an object of Kubernetes' own making; who looks into it takes what it does not know for nothing."""
    if not isinstance(value, Mapping) or len(value) > _MOST_ENTRIES:
        raise _unfit("an object", value)
    return dict(value)


def _or_none(read: Callable[[Any], T]) -> Callable[[object], T | None]:
    return lambda value: None if value is None else read(value)


def _many(read: Callable[[Any], T]) -> Callable[[object], tuple[T, ...]]:
    def read_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, (list, tuple)) or len(value) > _MOST_ENTRIES:
            raise _unfit("a list", value)
        return tuple(_at(str(place), read, entry) for place, entry in enumerate(value))

    return read_all


def _named(read: Callable[[Any], T]) -> Callable[[object], Mapping[str, T]]:
    return lambda value: MappingProxyType({_text(key): _at(key, read, of) for key, of in _object(value).items()})


def _amounts(value: object) -> Resources:
    return Resources(**_fields(value, {"cpu": _bound, "memory": _bound, "devices": _named(_number)}))


def _taint(value: object) -> Taint:
    return Taint(**_fields(value, {"key": _text, "value": _text, "effect": _text}))


def _seconds(value: object) -> tuple[float, ...]:
    """Return one number or several as several."""
    seconds = _many(_number)(value if isinstance(value, list) else [value])
    if any(one < 0 for one in seconds):
        raise _unfit("seconds that are not negative", value)
    return seconds


_waits = _named(_seconds)
_STATE: Mapping[str, Callable[[Any], Any]] = {
    "name": _text,
    "cpu_target": _or_none(lambda value: parse_cpu_target(_text(value))),
    "machine": _text,
    "accelerators": _many(lambda value: parse_accelerator(_text(value))),
    "requirements": _many(_object),
    "taints": _many(_taint),
    "tolerations": _many(_object),
    "node": _or_none(_amounts),
    "max_nodes": _or_none(_count),
    "allowed_groups": _many(_text),
    "nfs_server": _text,
    "is_declared": _flag,
    "rooms": _or_none(_many(_amounts)),
    "closed": _count,
    "sizes": _many(_amounts),
}
_REQUEST: Mapping[str, Callable[[Any], Any]] = {
    "resources": _amounts,
    "tolerations": _many(_object),
    "pool": _text,
    "pin": _or_none(lambda value: parse_cpu_target(_text(value))),
    "machines": _many(_text),
}


def _fields(data: object, readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    found = _object(data)
    if missing := [name for name in readers if name not in found]:
        raise InvalidChoiceError(f"there is no {missing[0]!r}.", advice=_ADVICE)
    return {name: _at(name, read, found[name]) for name, read in readers.items()}


def _at(place: str, read: Callable[[Any], T], value: object) -> T:
    """Return *value* as it is read; an error names the *place*."""
    try:
        return read(value)
    except InvalidChoiceError as error:
        raise InvalidChoiceError(f"{place[:50]}: {error.message}", advice=_ADVICE) from None


def _recommended(data: object) -> Recommended:
    read = _fields(data, {"environment": make_environment, "allowed_groups": _many(_text)})
    return Recommended(read["environment"], frozenset(read["allowed_groups"]))


_ADVICE = "Run a hub and a service of the same version of eessi-spawner."


def _unfit(wanted: str, value: object) -> InvalidChoiceError:
    return InvalidChoiceError(f"{wanted} was expected, and {value!r:.100} came.", advice=_ADVICE)
