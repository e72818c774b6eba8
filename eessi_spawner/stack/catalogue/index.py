"""The catalogue itself: columns, what can be looked up in them, and where the data is from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from types import MappingProxyType

from eessi_spawner.errors import UnknownModuleError
from eessi_spawner.stack.accelerators import accelerator_chain
from eessi_spawner.stack.catalogue.columns import Columns
from eessi_spawner.stack.catalogue.entry import CatalogueModule, Extensions, Provenance, version_key
from eessi_spawner.stack.catalogue.terms import Haystack, Terms, fold, make_terms
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.modules import ModuleName

BUNDLED = "bundled"
# Languages that modules can be about without carrying packages of them.
_LANGUAGES = ("java", "julia", "lua", "octave", "perl", "python", "r", "ruby")


class Catalogue:
    """All modules, by row number, in the order of the data. Not changed after it is made.

    Parameters
    ----------
    columns
        The facts.
    provenance
        Where they are from.
    warnings
        What was passed over when they were read.
    terms
        The saved index of words; made anew where there is none.
    order
        The saved order of rows; likewise.
    """

    def __init__(
        self,
        columns: Columns,
        provenance: Provenance,
        warnings: tuple[str, ...] = (),
        terms: Terms | None = None,
        order: list[int] | None = None,
    ) -> None:
        self.columns = columns
        self.provenance = provenance
        self.warnings = warnings
        self._order = order
        self.terms = terms or make_terms(columns.software, columns.extensions, columns.descriptions)

    def __len__(self) -> int:
        return len(self.columns)

    def __iter__(self) -> Iterator[CatalogueModule]:
        return map(self.module, range(len(self)))

    def prepare(self) -> None:
        """Make now all that searches need; without this the first ones that need a part make it."""
        _ = self.terms.haystack, self.terms.prose, self.order, self.versions
        _ = self.rows_of_place, self.rows_of_extension, self.rows_of_language, self._same_extensions

    @property
    def releases(self) -> tuple[str, ...]:
        """All releases, newest first."""
        return tuple(sorted(self.columns.releases, reverse=True))

    @cached_property
    def places(self) -> tuple[tuple[str, str], ...]:
        """All releases, each with the toolchain generations that it has, newest first."""
        pairs = set(zip(self.columns.release_of, self.columns.generation_of, strict=True))
        named = {(self.columns.releases[release], self.columns.generations[place]) for release, place in pairs}
        return tuple(sorted((place for place in named if place[1]), reverse=True))

    def age(self, today: date) -> str:
        """Return how old the data is, in words."""
        return self.provenance.age(today)

    def module(self, row: int) -> CatalogueModule:
        """Return the module in *row*."""
        columns = self.columns
        software = columns.software_of[row]
        return CatalogueModule(
            module=ModuleName(columns.software[software], columns.version_of[row]),
            release=self.release(row),
            generation=self.generation(row),
            toolchain=columns.toolchains[columns.toolchain_of[row]],
            targets=self.targets(row),
            accelerators=self._accelerator_sets[columns.accelerators_of[row]],
            extensions=Extensions(columns, columns.packages_of[row]),
            required=tuple(columns.required_names[place] for place in columns.required_of[row]),
            description=columns.descriptions[software],
            homepage=columns.homepages[software],
        )

    def release(self, row: int) -> str:
        """Return the release of *row*."""
        return self.columns.releases[self.columns.release_of[row]]

    def generation(self, row: int) -> str | None:
        """Return the toolchain generation of *row*, or None."""
        return self.columns.generations[self.columns.generation_of[row]] or None

    def targets(self, row: int) -> tuple[str, ...]:
        """Return the CPU targets that *row* can be loaded on."""
        return self._target_sets[self.columns.targets_of[row]]

    @cached_property
    def _target_sets(self) -> list[tuple[str, ...]]:
        return [tuple(self.columns.targets[place] for place in places) for places in self.columns.target_sets]

    @cached_property
    def _accelerator_sets(self) -> list[Mapping[str, tuple[str, ...]]]:
        return [
            MappingProxyType({target: tuple(names) for target, names in built.items()})
            for built in self.columns.accelerators
        ]

    def releases_of(self, row: int) -> tuple[str, ...]:
        """Return the releases that have a module of the full name of *row*, newest first."""
        version = self.columns.version_of[row]
        rows = self.rows_of_place[self.columns.software_of[row]]
        same = {self.release(other) for other in rows if self.columns.version_of[other] == version}
        return tuple(sorted(same, reverse=True))

    @cached_property
    def order(self) -> list[int]:
        """The place of each row among all: newest release and generation first, then by name, newest version first.

        Builds with LLVM (lfoss and what is below it) stand behind those with GCC, which most modules are built with.
        """
        if self._order is not None:
            return self._order
        columns = self.columns
        releases = _ranks(columns.releases)
        generations = _ranks(columns.generations)
        names = _ranks([name.lower() for name in columns.software])
        with_llvm = [toolchain.startswith("l") for toolchain in columns.toolchains]
        groups: defaultdict[tuple[int, int, int, str, bool], list[int]] = defaultdict(list)
        for row, software in enumerate(columns.software_of):
            release, generation = columns.release_of[row], columns.generation_of[row]
            name, llvm = columns.software[software], with_llvm[columns.toolchain_of[row]]
            groups[-releases[release], -generations[generation], names[software], name, llvm].append(row)
        order = [0] * len(self)
        place = 0
        for _, rows in sorted(groups.items()):
            if len(rows) > 1:
                rows.sort(key=lambda row: version_key(columns.version_of[row]), reverse=True)
            for row in rows:
                order[row] = place
                place += 1
        return order

    @cached_property
    def versions(self) -> Haystack:
        """All versions, in lower case."""
        return Haystack([version.lower() for version in self.columns.version_of])

    @cached_property
    def rows_of_software(self) -> dict[str, list[int]]:
        """Software's name to its rows."""
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, software in enumerate(self.columns.software_of):
            rows[self.columns.software[software]].append(row)
        return dict(rows)

    @cached_property
    def rows_of_place(self) -> list[list[int]]:
        """Position in the table of software to its rows."""
        return [self.rows_of_software.get(name, []) for name in self.columns.software]

    @cached_property
    def rows_of_language(self) -> dict[str, set[int]]:
        """Language to the rows that are about it: by their extensions, their name, or a suffix of their version."""
        rows: defaultdict[str, set[int]] = defaultdict(set)
        kind_of = self.columns.package_kinds.__getitem__
        for row, packages in enumerate(self.columns.packages_of):
            for kind in set(map(kind_of, packages)):
                rows[self.columns.kinds[kind]].add(row)
        rows.pop("", None)
        for language in _LANGUAGES:
            rows[language].update(self.versions.find(f"-{language}-"))
        for name, own in self.rows_of_software.items():
            if name.lower() in _LANGUAGES:
                rows[name.lower()].update(own)
        return dict(rows)

    @cached_property
    def rows_of_extension(self) -> list[dict[int, int]]:
        """Position in the table of extensions to the rows of the modules that carry it, each with its package there."""
        rows: list[dict[int, int]] = [{} for _ in self.columns.extensions]
        names = self.columns.package_names
        for row, packages in enumerate(self.columns.packages_of):
            for package in packages:
                rows[names[package]][row] = package
        return rows

    @cached_property
    def _folded_software(self) -> dict[str, str]:
        return {fold(name): name for name in self.columns.software}

    @cached_property
    def _same_extensions(self) -> dict[str, list[int]]:
        """Folded name to the positions of the extensions of that name: `Cycler` became `cycler` on the way."""
        same: defaultdict[str, list[int]] = defaultdict(list)
        for position, name in enumerate(self.columns.extensions):
            same[fold(name)].append(position)
        return dict(same)

    def carriers(self, extension: int) -> list[int]:
        """Return the rows of modules that carry an extension (its position), or are it (`cryptography`)."""
        name = fold(self.columns.extensions[extension])
        own = self._folded_software.get(name)
        rows = [row for same in self._same_extensions[name] for row in self.rows_of_extension[same]]
        return list(dict.fromkeys([*rows, *self.rows_of_software[own]] if own else rows))

    def find(self, full_name: str, release: str | None = None) -> list[int]:
        """Return the rows of the module *full_name*, newest release first.

        Raises
        ------
        UnknownModuleError
            If no release has it, or *release* has not.
        """
        name, _, version = full_name.partition("/")
        rows = [row for row in self.rows_of_software.get(name, ()) if self.columns.version_of[row] == version]
        found = [row for row in rows if release is None or self.release(row) == release]
        if found:
            return sorted(found, key=self.release, reverse=True)
        where = "the catalogue" if release is None else f"EESSI {release}"
        same = sorted(
            {self.columns.version_of[row] for row in self.rows_of_software.get(name, ())}, key=version_key, reverse=True
        )
        if rows:
            advice = f"It is in {' and '.join(sorted({self.release(row) for row in rows}))}."
        elif same:
            advice = f"There is: {', '.join(f'{name}/{version}' for version in same)}."
        else:
            advice = f"Look for it with: eessi-spawner search {name[:50]}"
        raise UnknownModuleError(f"{full_name[:200]!r} is not in {where}.", advice=advice)

    @cached_property
    def targets_of_release(self) -> dict[str, frozenset[str]]:
        """Release to all targets that it has builds for (untruths included: their directories do exist)."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for release, targets in set(zip(self.columns.release_of, self.columns.targets_of, strict=True)):
            found[self.columns.releases[release]].update(self.columns.target_sets[targets])
        return {
            release: frozenset(self.columns.targets[place] for place in places) for release, places in found.items()
        }

    def directory_for(self, release: str, target: CpuTarget) -> str | None:
        """Return the target whose directory EESSI takes for a CPU of *target* in *release*; None where it has none.

        One directory is taken for all modules, the best that the release has: a Zen 5 machine gets the Zen 4
        builds of 2023.06, whether or not each module is there.
        """
        there = self.targets_of_release.get(release, frozenset())
        return next((candidate.path for candidate in target.fallback_chain if candidate.path in there), None)

    def fits(self, row: int, place: tuple[str, str | None], targets: Iterable[CpuTarget] = ()) -> bool:
        """Say whether *row* loads on each of *targets* with the modules of a release and generation.

        It is of that generation or, as modules without toolchain are, of none.
        """
        release, generation = place
        return (
            self.release(row) == release and self.generation(row) in (None, generation) and self.runs_on(row, targets)
        )

    def runs_on(self, row: int, targets: Iterable[CpuTarget], accelerator: str = "") -> bool:
        """Say whether the module in *row* loads on each of *targets* (and was built for *accelerator*, if any)."""
        wanted = list(targets)
        has = self.targets(row)
        if not all(self.directory_for(self.release(row), target) in has for target in wanted):
            return False
        if not accelerator:
            return True
        built = self.columns.accelerators[self.columns.accelerators_of[row]]
        places = [self.directory_for(self.release(row), target) for target in wanted] or list(built)
        chain = accelerator_chain(accelerator)
        some = [any(name in chain for name in built.get(place or "", ())) for place in places]
        return all(some) and bool(some) if wanted else any(some)


def _ranks(names: list[str]) -> list[int]:
    """Return the place of each name among all when they are sorted; equal names share one."""
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    return [places[name] for name in names]
