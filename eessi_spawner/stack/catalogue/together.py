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
        What the nearest set leaves out, because its generation has no module of that name.
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
        If one of them is in no release at all.
    """
    wanted = list(dict.fromkeys(names))
    found = {name: catalogue.find(name) for name in wanted}
    best: tuple[list[str], list[int]] | None = None
    for version in [release] if release else catalogue.releases:
        rows = {name: next((r for r in found[name] if catalogue.release(r) == version), None) for name in wanted}
        there = [row for row in rows.values() if row is not None]
        reasons = _missing(catalogue, version, [name for name, row in rows.items() if row is None], found)
        reasons += _conflicts(catalogue, there) + _unbuilt(catalogue, there, targets)
        if not reasons:
            return Together((), version, tuple(wanted), common_targets(catalogue, there))
        if best is None or len(there) > len(best[1]):
            best = reasons, there
    reasons = best[0] if best else [f"there is no release {release}"]
    return _nearest(catalogue, wanted, tuple(reasons), release, targets)


def common_targets(catalogue: Catalogue, rows: Sequence[int]) -> tuple[str, ...]:
    """Return the CPU targets that have all of *rows*, sorted."""
    if not rows:
        return ()
    return tuple(sorted(set(catalogue.targets(rows[0])).intersection(*map(catalogue.targets, rows[1:]))))


def _missing(catalogue: Catalogue, release: str, names: list[str], found: dict[str, list[int]]) -> list[str]:
    return [
        f"{name} is not in EESSI {release}, only in {' and '.join(sorted(map(catalogue.release, found[name])))}"
        for name in names
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
        parts = [f"{', '.join(names)} is of {name}" for name, names in sorted(generations.items())]
        reasons.append(f"toolchain generations cannot be mixed: {'; '.join(parts)}")
    for name, by in versions.items():
        # Within one generation alone: what is said above would be said again for each library.
        if len(by) > 1 and (len(generations) < 2 or sum(not cause for cause in by.values()) > 1):
            parts = [f"{full} (of {cause})" if cause else full for full, cause in by.items()]
            reasons.append(f"only one version of {name} can be loaded: {' and '.join(parts)} were found")
    return reasons


def _unbuilt(catalogue: Catalogue, rows: Sequence[int], targets: Sequence[CpuTarget]) -> list[str]:
    reasons = []
    for target in targets:
        missing = [catalogue.columns.full_name(row) for row in rows if not catalogue.runs_on(row, [target])]
        if missing:
            reasons.append(f"{', '.join(missing)} cannot be loaded on {target}")
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
    places = {
        (catalogue.release(row), catalogue.generation(row))
        for name in wanted
        for row in catalogue.rows_of_software[name.partition("/")[0]]
        if release is None or catalogue.release(row) == release
    }
    best = None
    for place in sorted(places, key=lambda place: (place[0], place[1] or ""), reverse=True):
        rows = _counterparts(catalogue, wanted, place, targets)
        kept = {name: catalogue.columns.full_name(row) for name, row in rows.items()}
        if _conflicts(catalogue, list(rows.values())):
            continue
        changed = sum(name != full for name, full in kept.items())
        rank = (len(wanted) - len(set(kept.values())), changed)
        if best is None or rank < best[0]:
            best = rank, place[0], rows
    if best is None:
        return Together(reasons, release or "", (), (), tuple(wanted))
    _, version, rows = best
    modules = tuple(dict.fromkeys(map(catalogue.columns.full_name, rows.values())))
    lost = tuple(name for name in wanted if name not in rows)
    return Together(reasons, version, modules, common_targets(catalogue, list(rows.values())), lost)


def _counterparts(
    catalogue: Catalogue, wanted: list[str], place: tuple[str, str | None], targets: Sequence[CpuTarget]
) -> dict[str, int]:
    """Return, for each module, the one of its name in a release and generation: itself if it can be."""
    release, generation = place
    chosen: dict[str, int] = {}
    for name in wanted:
        software = name.partition("/")[0]
        if taken := [row for row in chosen.values() if catalogue.columns.full_name(row).startswith(f"{software}/")]:
            chosen[name] = taken[0]
            continue
        rows = [
            row
            for row in catalogue.rows_of_software[software]
            if catalogue.release(row) == release
            and catalogue.generation(row) in (None, generation)
            and catalogue.runs_on(row, targets)
        ]
        if rows:
            chosen[name] = min(rows, key=lambda row: (catalogue.columns.full_name(row) != name, catalogue.order[row]))
    return chosen
