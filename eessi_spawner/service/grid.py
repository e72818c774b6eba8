"""What a search found as people look at it: software by software, each a grid of versions and CPU targets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from eessi_spawner.service.pool_words import PoolLine, lines_of, words_of
from eessi_spawner.service.pools import WANTED, PoolsView
from eessi_spawner.stack.catalogue.entry import version_key
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import Hit
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.generations import PYTHON_KERNEL_MODULES

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
    """One module of one release.

    Attributes
    ----------
    packages
        Those in it that were found.
    accelerators
        The GPUs that it was built for.
    has_kernel
        Whether EESSI has a Python kernel that can be loaded beside it.
    """

    module: str
    release: str
    cells: tuple[Cell, ...]
    packages: str
    accelerators: tuple[str, ...]
    has_kernel: bool


@dataclass(frozen=True)
class SoftwareFound:
    """One software, with those of its modules that were found, best first, and where they run on this hub."""

    name: str
    description: str
    homepage: str
    rows: tuple[Row, ...]
    pools: tuple[PoolLine, ...] = ()


def software_names(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the software that *hits* are of, best first."""
    return tuple(dict.fromkeys(hit.module.module.name for hit in hits))


def make_grids(
    catalogue: Catalogue, hits: Sequence[Hit], names: Sequence[str], view: PoolsView
) -> tuple[SoftwareFound, ...]:
    """Return the grids of the software *names*, of those modules of it that are among *hits*."""
    columns = grid_columns(catalogue)
    # Most modules of a release have the same targets.
    said: dict[tuple[str, tuple[str, ...]], str] = {}
    grids = []
    for name in names:
        own = [hit for hit in hits if hit.module.module.name == name]
        first = own[0].module
        # A homepage is text of others, and becomes a link.
        homepage = first.homepage if first.homepage.startswith(("https://", "http://")) else ""
        rows = tuple(_row(catalogue, hit, columns) for hit in own)
        pools = _pool_lines(catalogue, own, view, said) if view.states else ()
        grids.append(SoftwareFound(name, first.description, homepage, rows, pools))
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
        has_kernel=module.generation in PYTHON_KERNEL_MODULES,
    )


def _pool_lines(
    catalogue: Catalogue, hits: Sequence[Hit], view: PoolsView, said: dict[tuple[str, tuple[str, ...]], str]
) -> tuple[PoolLine, ...]:
    """Return where the modules of *hits* run; what is *said* already of others like them is not thought out again."""
    words = []
    for hit in hits:
        release, targets = hit.module.release, tuple(hit.module.targets)
        if (release, targets) not in said:
            wanted = Environment(WANTED, hit.module.full_name, release, ())
            said[release, targets] = words_of(view.offers(catalogue, [wanted], {WANTED: targets}), view)
        words.append(said[release, targets])
    return lines_of([(hit.module.full_name, hit.module.release) for hit in hits], words)


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
