"""What administrators see at a glance: pools, releases, catalogue, what is used, and how servers start. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from eessi_spawner.placement.pool import PoolState
from eessi_spawner.service.pools import PoolsView
from eessi_spawner.service.spawn_codes import Reason, reason_of
from eessi_spawner.service.store.spawn_table import Count, Started
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.defaults import default_environments
from eessi_spawner.stack.generations import GENERATIONS
from eessi_spawner.stack.mounted import ReleaseReading, StackReading

DAYS = 30
# EESSI adds modules every few days.
_OLD_DAYS = 30
_MOST_ENVIRONMENTS = 50


@dataclass(frozen=True)
class PoolLook:
    """One pool as the table shows it; all are words."""

    name: str
    cpu: str
    gpus: str
    nodes: str
    free: str
    groups: str
    notes: str


@dataclass(frozen=True)
class Failure:
    """Spawns that ended badly for one reason."""

    code: str
    reason: Reason
    result: str
    spawns: int
    pools: str


@dataclass(frozen=True)
class PoolStarts:
    """How spawns on one pool ended, and how long those took that became ready, in seconds (None: none did)."""

    pool: str
    ready: int
    failed: int
    refused: int
    stopped: int
    median: float | None
    ninety: float | None


@dataclass(frozen=True)
class Used:
    """An environment that servers were started with: its title, where it is known, how many users and starts."""

    key: str
    title: str
    users: int
    starts: int


def pool_looks(view: PoolsView) -> tuple[PoolLook, ...]:
    """Return all pools of *view*, as they stand there."""
    return tuple(_look(state, view) for state in view.states)


def _look(state: PoolState, view: PoolsView) -> PoolLook:
    pool, free = state.pool, state.free_for(view.request.resources)
    nodes = "not counted"
    if state.rooms is not None:
        nodes = str(len(state.rooms)) + (f" and {state.closed} closed" if state.closed else "")
    if pool.max_nodes is not None:
        nodes += f", at most {pool.max_nodes}"
    waits = view.waits.get(pool.name, ())
    notes = [f"new nodes took up to {seconds_in_words(max(waits))}"] if waits else []
    notes += [f"taints {', '.join(map(str, pool.taints))}"] if pool.taints else []
    notes += ["declared"] if pool.is_declared else []
    return PoolLook(
        pool.name,
        pool.cpu_target.path if pool.cpu_target else pool.machine or "not known",
        ", ".join(pool.accelerators),
        nodes,
        "not counted" if free is None else str(free),
        ", ".join(sorted(pool.allowed_groups)) or "everybody",
        "; ".join(notes),
    )


def catalogue_hint(day: date | None, today: date) -> str:
    """Return what to do about the catalogue's age; empty: nothing."""
    if day is not None and (today - day).days <= _OLD_DAYS:
        return ""
    return "EESSI may have more by now: run 'eessi-spawner catalogue update'; a weekly job is best."


def failures(counts: Sequence[Count]) -> tuple[Failure, ...]:
    """Return what failed or was refused by its reason, the most frequent first."""
    found: dict[tuple[str, str], list[Count]] = defaultdict(list)
    for count in counts:
        if count.result in ("failed", "refused"):
            found[count.code, count.result].append(count)
    failed = [
        Failure(
            code,
            reason_of(code),
            result,
            sum(count.spawns for count in same),
            ", ".join(f"{count.pool or 'no pool'} ({count.spawns})" for count in same),
        )
        for (code, result), same in found.items()
    ]
    return tuple(sorted(failed, key=lambda one: (-one.spawns, one.code)))


def starts_by_pool(counts: Sequence[Count], started: Iterable[Started]) -> tuple[PoolStarts, ...]:
    """Return how spawns ended on each pool, and how long they took, by the pool's name."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for start in started:
        seconds[start.pool].append(start.seconds)
    ends: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for count in counts:
        ends[count.pool][count.result] += count.spawns
    return tuple(
        PoolStarts(
            pool,
            of["ready"],
            of["failed"],
            of["refused"],
            of["stopped"],
            quantile(seconds[pool], 0.5),
            quantile(seconds[pool], 0.9),
        )
        for pool, of in sorted(ends.items())
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the least of *values* that at least this *share* of them is not above; None: there are none."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)] if values else None


def environments_in_use(started: Iterable[Started], titles: Mapping[str, str]) -> tuple[Used, ...]:
    """Return the environments that servers were started with, those of most users first, at most fifty.

    Parameters
    ----------
    titles
        Environment's key to its title, of those that are known.
    """
    users: dict[str, set[str]] = defaultdict(set)
    starts: dict[str, int] = defaultdict(int)
    for start in started:
        for key in start.environments:
            users[key].add(start.user)
            starts[key] += 1
    used = [Used(key, titles.get(key, ""), len(users[key]), count) for key, count in starts.items()]
    return tuple(sorted(used, key=lambda one: (-one.users, -one.starts, one.key))[:_MOST_ENVIRONMENTS])


def default_titles(catalogue: Catalogue) -> dict[str, str]:
    """Return the keys of the environments that a hub offers where a site lists none, with their titles."""
    everything = tuple(module for generation in GENERATIONS for module in generation.modules)
    reading = StackReading("", tuple(ReleaseReading(release, "", everything) for release in catalogue.releases))
    return {found.key: f"{found.title}, EESSI {found.release}" for found in default_environments(reading)}


def seconds_in_words(seconds: float | None) -> str:
    """Return a time that somebody waited, as short as people say it."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
