"""One entry of the catalogue: a module of a release, with the extensions it carries and the targets that have it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import overload

from eessi_spawner.stack.catalogue.columns import Columns
from eessi_spawner.stack.modules import ModuleName

_NUMBERS = re.compile(r"[0-9]+|[A-Za-z]+")


@dataclass(frozen=True)
class Extension:
    """A package inside a module; `kind` is its language as EESSI writes it (`python`, `r`, `perl`), or empty."""

    kind: str
    name: str
    version: str


class Extensions(Sequence[Extension]):
    """The extensions of one module, each made when it is looked at: some modules have more than a thousand."""

    __slots__ = ("_columns", "_packages")

    def __init__(self, columns: Columns, packages: Sequence[int]) -> None:
        self._columns = columns
        self._packages = packages

    def __len__(self) -> int:
        return len(self._packages)

    @overload
    def __getitem__(self, index: int) -> Extension: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Extension]: ...
    def __getitem__(self, index: int | slice) -> Extension | Sequence[Extension]:
        """Return one, or some."""
        if isinstance(index, slice):
            return Extensions(self._columns, self._packages[index])
        columns, package = self._columns, self._packages[index]
        return Extension(
            columns.kinds[columns.package_kinds[package]],
            columns.extensions[columns.package_names[package]],
            columns.package_versions[package],
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True)
class CatalogueModule:
    """A module of a release.

    Attributes
    ----------
    module
        Its full name.
    release
        The EESSI version that has it.
    generation
        The toolchain generation it belongs to; None where it fits all (modules without toolchain).
    toolchain
        As EasyBuild writes it, such as `gfbf-2025b`; `SYSTEM` where there is none.
    targets
        CPU targets it can be loaded on, sorted.
    accelerators
        CPU target to the accelerators it was built for there; empty for modules without a GPU build.
    required
        Full names of modules that are loaded with it, in load order; empty where the catalogue does not say.
    """

    module: ModuleName
    release: str
    generation: str | None
    toolchain: str
    targets: tuple[str, ...]
    accelerators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extensions: Sequence[Extension] = ()
    required: tuple[str, ...] = ()
    description: str = ""
    homepage: str = ""

    @property
    def full_name(self) -> str:
        """What `module load` takes."""
        return str(self.module)


@dataclass(frozen=True)
class Provenance:
    """Where a catalogue is from: every answer can say how old its data is.

    Attributes
    ----------
    source
        A URL, the directory of a mounted tree, or `bundled`.
    day
        The day that its facts are of; None where it does not say.
    sha256
        Of the published file; empty where there was none.
    """

    source: str
    day: date | None = None
    sha256: str = ""

    def age(self, today: date) -> str:
        """Return how old the facts are on *today*, in words."""
        if self.source.startswith("/"):
            return "as it is mounted"
        if self.day is None:
            return "of unknown age"
        days = (today - self.day).days
        return "of today" if days <= 0 else f"{days} day{'s' * (days != 1)} old"


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts versions as people do: 1.10 after 1.9, 1.0 after 1.0rc1."""
    parts = _NUMBERS.findall(version)
    return (*((1, int(part[:18]), "") if part.isdigit() else (-1, 0, part) for part in parts), (0, 0, ""))
