"""The keys that a chart knows, and the nearest one to a key that it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from eessi_spawner.checks.values.tree import Value

# How alike two words have to be: one letter or two letters in ten, or their places, may differ.
_ALIKE = 0.75


@dataclass(frozen=True)
class Keys:
    """The keys of a chart.

    Attributes
    ----------
    below
        Path of a mapping ("" is the top) to the keys that may stand in it. Below all other paths anything may stand.
    """

    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def paths(self) -> frozenset[str]:
        """All of them, as paths."""
        return frozenset(f"{path}.{key}" if path else key for path, keys in self.below.items() for key in keys)

    def unknown(self, value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
        """Yield what stands in *value* and no template of the chart reads, from the outside in."""
        if path not in self.below:
            return
        for key, child in value.children.items():
            here = f"{path}.{key}" if path else key
            if here in self.paths:
                yield from self.unknown(child, here)
            else:
                yield here, child

    def alike(self, path: str) -> str:
        """Return the key beside *path* that it is a misspelling of, as a path; empty where there is none."""
        parent, _, key = path.rpartition(".")
        siblings = {name.lower(): name for name in self.below.get(parent, ())}
        found = get_close_matches(key.lower(), siblings, 1, _ALIKE)
        return ".".join(filter(None, (parent, siblings[found[0]]))) if found else ""

    def nearest(self, path: str) -> str:
        """Return the path that *path* was probably meant to be: one alike, or the same key elsewhere; else empty."""
        key = path.rpartition(".")[2].lower()
        elsewhere = [known for known in self.paths if known.rpartition(".")[2].lower() == key]
        return self.alike(path) or (elsewhere[0] if len(elsewhere) == 1 else "")


def parse_keys(text: str) -> Keys:
    """Return the keys of a table: lines like `cache.local: location volumeSpec`, `.` for the top, comments with #."""
    below = {}
    for line in text.splitlines():
        path, colon, keys = line.partition(":")
        if colon and not line.startswith("#"):
            below["" if path == "." else path] = tuple(keys.split())
    return Keys(below)


def keys_of_schema(schema: Mapping[str, Any], path: str = "") -> Keys:
    """Return the keys of a JSON schema."""
    children = schema.get("properties")
    if not children or schema.get("additionalProperties", True) is not False:
        return Keys()
    below = {path: tuple(children)}
    for name, child in children.items():
        below |= keys_of_schema(child, f"{path}.{name}" if path else name).below
    return Keys(below)
