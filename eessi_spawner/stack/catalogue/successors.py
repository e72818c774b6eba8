"""Successors: for a module, the nearest in a newer generation, and what would be lost on the way.

By name first; where the name is gone, by the extensions it carried: the successor has the one that the module is
named after or, of a bundle, most. Extensions that moved to another module of that generation are named with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.terms import fold
from eessi_spawner.stack.cpu_targets import CpuTarget


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


def find_successors(
    catalogue: Catalogue, full_name: str, release: str | None = None, *, targets: Sequence[CpuTarget] = ()
) -> list[Successor]:
    """Return what *full_name* becomes on *targets* in each newer generation, nearest first.

    Raises
    ------
    UnknownModuleError
        If it is not in the catalogue.
    """
    row = catalogue.find(full_name, release)[-1]
    here = (catalogue.release(row), catalogue.generation(row))
    newer: list[tuple[str, str | None]]
    if here[1] is None:
        newer = [(version, None) for version in catalogue.releases if version > here[0]]
    else:
        newer = [place for place in catalogue.places if place > here]
    return [find_successor(catalogue, row, place, targets) for place in reversed(newer)]


def find_successor(
    catalogue: Catalogue, row: int, place: tuple[str, str | None], targets: Sequence[CpuTarget] = ()
) -> Successor:
    """Return what the module in *row* becomes in the release and generation *place*."""
    columns = catalogue.columns
    wanted = dict.fromkeys(columns.package_names[package] for package in columns.packages_of[row])
    carriers = {
        extension: [other for other in catalogue.carriers(extension) if catalogue.fits(other, place, targets)]
        for extension in wanted
    }
    named = [
        other for other in catalogue.rows_of_place[columns.software_of[row]] if catalogue.fits(other, place, targets)
    ]
    votes = Counter(other for rows in carriers.values() for other in rows)
    best, by = None, ""
    if named:
        best, by = min(named, key=lambda other: _unlikeness(catalogue, row, other, votes[other])), "name"
    else:
        own = [e for e in wanted if fold(columns.extensions[e]) == fold(columns.software[columns.software_of[row]])]
        heirs = [
            other
            for other, kept in votes.items()
            if all(other in carriers[extension] for extension in own) and (own or 2 * kept > len(wanted))
        ]
        if heirs:
            best = max(heirs, key=lambda other: (votes[other], -len(columns.packages_of[other])))
            by = "extensions"
    moved, lost = {}, []
    for extension, rows in carriers.items():
        if best in rows:
            continue
        if rows:
            other = max(rows, key=lambda other: (votes[other], -catalogue.order[other]))
            moved[columns.extensions[extension]] = columns.full_name(other)
        else:
            lost.append(columns.extensions[extension])
    return Successor(
        module="" if best is None else columns.full_name(best),
        release=place[0],
        generation=place[1],
        by=by,
        kept=0 if best is None else votes[best],
        moved=moved,
        lost=tuple(sorted(lost, key=str.lower)),
    )


def _unlikeness(catalogue: Catalogue, row: int, other: int, kept: int) -> tuple[object, ...]:
    """Return a key that sorts builds of a name: for GPUs or not as *row* is, then of its suffix, then what it keeps."""
    built = catalogue.columns.accelerators_of
    return (
        bool(built[row]) != bool(built[other]),
        _suffix(catalogue, row) != _suffix(catalogue, other),
        -kept,
        catalogue.order[other],
    )


def _suffix(catalogue: Catalogue, row: int) -> str:
    """Return the letters behind the toolchain in a version: `CUDA` of `-CUDA-12.1.1`."""
    columns = catalogue.columns
    behind = columns.version_of[row].partition(columns.toolchains[columns.toolchain_of[row]])[2]
    return "".join(filter(str.isalpha, behind))
