"""Can these modules be loaded together? Yes, or the reason and the nearest set that can.

What keeps modules apart: another release, another toolchain generation, two versions of one name (their own or
among what they require), and CPU targets that have not all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget


@dataclass(frozen=True)
class Together:
    """The verdict on a set of modules.

    Attributes
    ----------
    reasons
        Why they cannot be loaded together, one sentence each; empty where they can.
    release
        Where they can be loaded together; where they cannot, the release of the nearest set.
    modules
        Full names in the order they were given: the set itself, or the nearest that can be loaded together.
    targets
        CPU targets that have all of `modules`, sorted.
    lost
        What the nearest set leaves out: its generation has no module of that name that goes with the others.
    """

    reasons: tuple[str, ...]
    release: str
    modules: tuple[str, ...]
    targets: tuple[str, ...]
    lost: tuple[str, ...] = ()

    @property
    def can(self) -> bool:
        """Whether the modules that were asked about can be loaded together."""
        return not self.reasons


def can_load_together(
    catalogue: Catalogue, names: Sequence[str], *, release: str | None = None, targets: Sequence[CpuTarget] = ()
) -> Together:
    """Say whether the modules *names* can be loaded together (in *release*, on all *targets*, if any are given).

    Raises
    ------
    UnknownModuleError
        If one of them is in no release at all.
    """
    wanted = list(dict.fromkeys(names))
    found = {name: {catalogue.release(row): row for row in catalogue.find(name)} for name in wanted}
    # What keeps them apart where most of them are.
    reasons: tuple[str, ...] = ()
    most = -1
    for version in [release] if release else catalogue.releases:
        there = [rows[version] for rows in found.values() if version in rows]
        apart = (*_missing(version, found), *_conflicts(catalogue, there), *_unbuilt(catalogue, there, targets))
        if not apart:
            return Together((), version, tuple(wanted), common_targets(catalogue, there))
        if len(there) > most:
            reasons, most = apart, len(there)
    return _nearest(catalogue, wanted, reasons, release, targets)


def common_targets(catalogue: Catalogue, rows: Sequence[int]) -> tuple[str, ...]:
    """Return the CPU targets that have all of *rows*, sorted."""
    if not rows:
        return ()
    return tuple(sorted(set(catalogue.targets(rows[0])).intersection(*map(catalogue.targets, rows[1:]))))


def _missing(release: str, found: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"{name} is not in EESSI {release}, only in {' and '.join(sorted(rows))}"
        for name, rows in found.items()
        if release not in rows
    ]


def _conflicts(catalogue: Catalogue, rows: Sequence[int]) -> list[str]:
    """Return what keeps modules of one release apart."""
    reasons = []
    generations: defaultdict[str, list[str]] = defaultdict(list)
    versions: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        module = catalogue.module(row)
        if module.generation:
            generations[module.generation].append(module.full_name)
        versions[module.module.name][module.full_name] = ""
        for name in module.required:
            versions[name.partition("/")[0]].setdefault(name, module.full_name)
    if len(generations) > 1:
        parts = [
            f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} of {name}"
            for name, names in sorted(generations.items())
        ]
        reasons.append(f"toolchain generations cannot be mixed: {'; '.join(parts)}")
    for name, by in versions.items():
        # Within one generation alone: what is said above would be said again for each library.
        if len(by) > 1 and (len(generations) < 2 or sum(not cause for cause in by.values()) > 1):
            parts = [f"{full} (of {cause})" if cause else full for full, cause in by.items()]
            reasons.append(f"only one version of {name} can be loaded: {' and '.join(parts)} were found")
    return reasons


def _unbuilt(catalogue: Catalogue, rows: Sequence[int], targets: Sequence[CpuTarget]) -> list[str]:
    """Return what keeps modules of one release from loading on *targets* or, where none are given, on any."""
    reasons = []
    for target in targets:
        missing = [row for row in rows if not catalogue.runs_on(row, [target])]
        if missing:
            release = catalogue.release(missing[0])
            directory = catalogue.directory_for(release, target)
            taken = "" if directory in (None, target.path) else f", whose directory in EESSI {release} is {directory}"
            names = ", ".join(map(catalogue.columns.full_name, missing))
            reasons.append(f"{names} cannot be loaded on {target}{taken}")
    if not targets and rows and not common_targets(catalogue, rows):
        reasons.append("no CPU target has all of them")
    return reasons


def _nearest(
    catalogue: Catalogue,
    wanted: list[str],
    reasons: tuple[str, ...],
    release: str | None,
    targets: Sequence[CpuTarget],
) -> Together:
    """Return the set nearest to *wanted*: fewest left out, then fewest changed, then the newest."""
    best, nearest = (-1, -1), Together(reasons, release or "", (), (), tuple(wanted))
    releases = [release] if release else catalogue.releases
    for place in [*catalogue.places, *((version, None) for version in catalogue.releases)]:
        if place[0] not in releases:
            continue
        rows = _counterparts(catalogue, wanted, place, targets)
        kept = {name: catalogue.columns.full_name(row) for name, row in rows.items()}
        modules = tuple(dict.fromkeys(kept.values()))
        rank = (len(modules), sum(name == full for name, full in kept.items()))
        if modules and rank > best:
            lost = tuple(name for name in wanted if name not in kept)
            best = rank
            nearest = Together(reasons, place[0], modules, common_targets(catalogue, list(rows.values())), lost)
    return nearest


def _counterparts(
    catalogue: Catalogue, wanted: list[str], place: tuple[str, str | None], targets: Sequence[CpuTarget]
) -> dict[str, int]:
    """Return, for each module, the one of its name that goes with those before: itself if it can be."""
    chosen: dict[str, int] = {}
    for name in wanted:
        options = [
            row for row in catalogue.rows_of_software[name.partition("/")[0]] if catalogue.fits(row, place, targets)
        ]
        for row in sorted(options, key=lambda row: (catalogue.columns.full_name(row) != name, catalogue.order[row])):
            rows = list(dict.fromkeys([*chosen.values(), row]))
            if not _conflicts(catalogue, rows) and not _unbuilt(catalogue, rows, targets):
                chosen[name] = row
                break
    return chosen
