"""What a search found as people look at it: software by software, each a grid of versions and CPU targets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from eessi_spawner.stack.catalogue.entry import version_key
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import Hit
from eessi_spawner.stack.cpu_targets import CpuTarget

_PACKAGES_SHOWN = 3


@dataclass(frozen=True)
class Cell:
    """Whether a module loads on a CPU target: from its own builds, from those for `older`, or not."""

    target: CpuTarget
    loads: bool
    older: CpuTarget | None = None

    @property
    def words(self) -> str:
        """What the cell says."""
        if not self.loads:
            return "no"
        return f"yes, with builds for {self.older.short_name}" if self.older else "yes"


@dataclass(frozen=True)
class Row:
    """One module of one release: its cells, the packages in it that were found, the GPUs it was built for."""

    module: str
    release: str
    cells: tuple[Cell, ...]
    packages: str
    accelerators: tuple[str, ...]


@dataclass(frozen=True)
class SoftwareFound:
    """One software, with those of its modules that were found, best first."""

    name: str
    description: str
    homepage: str
    rows: tuple[Row, ...]


def software_names(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the software that *hits* are of, best first."""
    return tuple(dict.fromkeys(hit.module.module.name for hit in hits))


def make_grids(catalogue: Catalogue, hits: Sequence[Hit], names: Sequence[str]) -> tuple[SoftwareFound, ...]:
    """Return the grids of the software *names*, of those modules of it that are among *hits*."""
    columns = grid_columns(catalogue)
    grids = []
    for name in names:
        own = [hit for hit in hits if hit.module.module.name == name]
        first = own[0].module
        # A homepage is text of others, and becomes a link.
        homepage = first.homepage if first.homepage.startswith(("https://", "http://")) else ""
        rows = tuple(_row(catalogue, hit, columns) for hit in own)
        grids.append(SoftwareFound(name, first.description, homepage, rows))
    return tuple(grids)


def grid_columns(catalogue: Catalogue) -> tuple[CpuTarget, ...]:
    """Return the CPU targets of all releases: x86_64 first, and in each machine type the generic one."""
    targets = map(CpuTarget, set().union(*catalogue.targets_of_release.values()))
    return tuple(sorted(targets, key=lambda one: (one.machine != "x86_64", one.machine, one != one.generic, one.path)))


def machines(columns: Sequence[CpuTarget]) -> tuple[tuple[str, int], ...]:
    """Return the machine types of *columns*, each with how many they are."""
    return tuple((name, len(list(group))) for name, group in groupby(column.machine for column in columns))


def _row(catalogue: Catalogue, hit: Hit, columns: Sequence[CpuTarget]) -> Row:
    module = hit.module
    accelerators = {name for names in module.accelerators.values() for name in names}
    return Row(
        module.full_name,
        module.release,
        tuple(_cell(catalogue, module.release, module.targets, column) for column in columns),
        _packages(hit),
        tuple(sorted(accelerators, key=version_key)),
    )


def _cell(catalogue: Catalogue, release: str, built: Sequence[str], target: CpuTarget) -> Cell:
    """Return what a machine of *target* makes of a module: EESSI takes one directory for all modules there."""
    directory = catalogue.directory_for(release, target)
    if directory is None or directory not in built:
        return Cell(target, loads=False)
    return Cell(target, loads=True, older=None if directory == target.path else CpuTarget(directory))


def _packages(hit: Hit) -> str:
    names = [f"{package.name} {package.version}" for package in hit.extensions_matched[:_PACKAGES_SHOWN]]
    more = len(hit.extensions_matched) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
