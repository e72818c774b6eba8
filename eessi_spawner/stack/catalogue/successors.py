"""Successors: for a module, the nearest in a newer generation, and what would be lost on the way.

By name first; where the name is gone, by the extensions it carried. Extensions that moved to another module of
that generation are named with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from eessi_spawner.stack.catalogue.index import Catalogue

# A module that carries fewer of the extensions than this is no successor.
_LEAST_SHARE = 0.25


@dataclass(frozen=True)
class Successor:
    """What a module becomes in a newer generation.

    Attributes
    ----------
    module
        The successor's full name; empty where there is none.
    release, generation
        Where it is; `generation` is None for modules without toolchain.
    by
        `name` or `extensions`: what it was found by; empty where there is none.
    kept
        How many of the extensions it has.
    moved
        Extensions that another module of that generation has, with its full name.
    lost
        Extensions that no module of that generation has.
    """

    module: str
    release: str
    generation: str | None
    by: str
    kept: int
    moved: dict[str, str]
    lost: tuple[str, ...]


def newer_places(catalogue: Catalogue, row: int) -> list[tuple[str, str]]:
    """Return the releases and generations that are newer than that of *row*, nearest first."""
    here = (catalogue.release(row), catalogue.generation(row) or "9")
    places = {(catalogue.release(other), catalogue.generation(other) or "") for other in range(len(catalogue))}
    return sorted(place for place in places if place[1] and place > here)


def find_successors(catalogue: Catalogue, full_name: str, release: str | None = None) -> list[Successor]:
    """Return what *full_name* becomes in each newer generation, nearest first.

    Raises
    ------
    UnknownModuleError
        If it is not in the catalogue.
    """
    row = catalogue.find(full_name, release)[-1]
    if catalogue.generation(row) is None:
        newer = sorted({other for other in catalogue.columns.releases if other > catalogue.release(row)})
        return [find_successor(catalogue, row, (version, None)) for version in newer]
    return [find_successor(catalogue, row, place) for place in newer_places(catalogue, row)]


def find_successor(catalogue: Catalogue, row: int, place: tuple[str, str | None]) -> Successor:
    """Return what the module in *row* becomes in the release and generation *place*."""
    release, generation = place
    columns = catalogue.columns
    wanted = dict.fromkeys(columns.package_names[package] for package in columns.packages_of[row])
    carriers = {
        extension: [
            other
            for other in catalogue.carriers(extension)
            if catalogue.release(other) == release and catalogue.generation(other) in (None, generation)
        ]
        for extension in wanted
    }
    named = [
        other
        for other in catalogue.rows_of_software[columns.software[columns.software_of[row]]]
        if catalogue.release(other) == release and catalogue.generation(other) in (None, generation)
    ]
    votes = Counter(other for rows in carriers.values() for other in rows)
    best, by = None, ""
    if named:
        # Of several builds the one with the same suffix (-CUDA-..., -bare), else the plainest.
        best, by = min(named, key=lambda other: _unlikeness(catalogue, row, other, votes[other])), "name"
    elif votes:
        most = max(votes, key=lambda other: (votes[other], -len(columns.packages_of[other])))
        if votes[most] >= _LEAST_SHARE * len(wanted):
            best, by = most, "extensions"
    moved, lost = {}, []
    for extension, rows in carriers.items():
        if best in rows:
            continue
        if rows:
            moved[columns.extensions[extension]] = columns.full_name(
                max(rows, key=lambda other: (votes[other], -catalogue.order[other]))
            )
        else:
            lost.append(columns.extensions[extension])
    return Successor(
        module="" if best is None else columns.full_name(best),
        release=release,
        generation=generation,
        by=by,
        kept=0 if best is None else votes[best],
        moved=moved,
        lost=tuple(sorted(lost, key=str.lower)),
    )


def _unlikeness(catalogue: Catalogue, row: int, other: int, kept: int) -> tuple[object, ...]:
    columns = catalogue.columns

    def suffix(version: str) -> str:
        toolchain = columns.toolchains[columns.toolchain_of[row if version == columns.version_of[row] else other]]
        return "".join(c for c in version.partition(toolchain)[2] if c.isalpha())

    same = suffix(columns.version_of[row]) == suffix(columns.version_of[other])
    gpu = bool(columns.accelerators_of[row]) == bool(columns.accelerators_of[other])
    return (not gpu, not same, -kept, catalogue.order[other])
