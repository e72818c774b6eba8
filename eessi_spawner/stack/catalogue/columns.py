"""The catalogue as columns: the plain data that is parsed into, bundled, saved, and answered from.

One list a fact instead of one object a module: it loads in a fraction of the time and of the memory. Names stand
in tables, and columns hold their positions there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Columns:
    """Tables of names, then one column a fact, each as long as there are modules.

    Built by one function and not changed after that. `target_sets` and `extension_sets` hold each combination
    once; `accelerators` holds target to accelerators, the first one empty.
    """

    releases: list[str] = field(default_factory=list)
    toolchains: list[str] = field(default_factory=list)
    generations: list[str] = field(default_factory=lambda: [""])
    targets: list[str] = field(default_factory=list)
    target_sets: list[list[int]] = field(default_factory=list)
    accelerators: list[dict[str, list[str]]] = field(default_factory=lambda: [{}])
    software: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    homepages: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    required_names: list[str] = field(default_factory=list)
    # An extension in one version: positions in `kinds` and `extensions`, and the version.
    package_kinds: list[int] = field(default_factory=list)
    package_names: list[int] = field(default_factory=list)
    package_versions: list[str] = field(default_factory=list)

    software_of: list[int] = field(default_factory=list)
    version_of: list[str] = field(default_factory=list)
    release_of: list[int] = field(default_factory=list)
    toolchain_of: list[int] = field(default_factory=list)
    generation_of: list[int] = field(default_factory=list)
    targets_of: list[int] = field(default_factory=list)
    accelerators_of: list[int] = field(default_factory=list)
    packages_of: list[list[int]] = field(default_factory=list)
    required_of: list[list[int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.software_of)

    def full_name(self, row: int) -> str:
        """Return the full name of the module in *row*."""
        return f"{self.software[self.software_of[row]]}/{self.version_of[row]}"

    def to_json(self) -> dict[str, Any]:
        """Return the columns as plain JSON; they share their lists with it."""
        return {column.name: getattr(self, column.name) for column in fields(self)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Columns:
        """Rebuild the columns from `to_json`.

        Raises
        ------
        ValueError
            If a column is missing, is no list, or has another length than the others.
        """
        names = [column.name for column in fields(Columns)]
        if not all(isinstance(data.get(name), list) for name in names):
            raise ValueError("a column is missing")
        columns = Columns(**{name: data[name] for name in names})
        if len({len(data[name]) for name in names if name.endswith("_of")}) != 1:
            raise ValueError("columns have different lengths")
        return columns


class Interner(dict[str, int]):
    """Value to its position in a table; one that is met first is cleaned and added.

    A lookup costs what a dictionary's does, and *clean* is called once a value.
    """

    def __init__(self, table: list[str], clean: Callable[[str], str]) -> None:
        super().__init__((value, place) for place, value in enumerate(table))
        self.table = table
        self._clean = clean

    def __missing__(self, value: str) -> int:
        """Add *value*, which was met first."""
        cleaned = self._clean(value)
        if cleaned == value:
            self[value] = place = len(self.table)
            self.table.append(value)
        else:
            self[value] = place = self[cleaned]
        return place
