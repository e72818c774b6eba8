"""A values file as a tree whose every value knows the line of its key. The text may be anybody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import yaml

from eessi_spawner.checks.answer import Answer
from eessi_spawner.checks.values.troubles import NOT_VALUES

LARGEST = 256 * 1024
# Aliases can make a tree of any size of a few lines; values files have some hundred values.
_MOST_VALUES = 20_000
_DEEPEST = 60
# No number of a values file is longer; reading one takes time that grows faster than its length.
_LONGEST_NUMBER = 100
_MERGE = "tag:yaml.org,2002:merge"

Data: TypeAlias = "str | int | float | bool | Mapping[str, Value] | tuple[Value, ...] | None"


@dataclass(frozen=True)
class Value:
    """A value and where it stands.

    Attributes
    ----------
    data
        A plain value, a mapping of values, or a list of them.
    line
        Of its key; of an item of a list, its own.
    text_line
        Of the first line of a text that stands below its key.
    repeated
        Of a mapping: keys that stand in it twice, with the line of the second.
    """

    data: Data
    file: str = ""
    line: int = 0
    text_line: int = 0
    repeated: tuple[tuple[str, int], ...] = ()

    @property
    def children(self) -> Mapping[str, Value]:
        """What is below, by key; empty if this is no mapping."""
        return self.data if isinstance(self.data, Mapping) else _NOTHING

    @property
    def items(self) -> tuple[Value, ...]:
        """The items, if this is a list."""
        return self.data if isinstance(self.data, tuple) else ()

    def at(self, path: str) -> Value | None:
        """Return what stands at *path* (`cache.local.location`), None where nothing or null."""
        found: Value | None = self
        for key in path.split("."):
            found = found.children.get(key) if found else None
        return found if found and found.data is not None else None

    def plain_at(self, path: str) -> Any:
        """Return what stands at *path* without lines, None where nothing."""
        found = self.at(path)
        return found.plain() if found else None

    def plain(self) -> Any:
        """Return it without lines."""
        if isinstance(self.data, Mapping):
            return {key: child.plain() for key, child in self.data.items()}
        return [item.plain() for item in self.data] if isinstance(self.data, tuple) else self.data

    def walk(self, path: str = "") -> Iterator[tuple[str, Value]]:
        """Yield all that stands below, with its path, from the outside in."""
        below = [(f"{path}.{key}" if path else key, child) for key, child in self.children.items()]
        below += [(f"{path}[{number}]", item) for number, item in enumerate(self.items)]
        for here, child in below:
            yield here, child
            yield from child.walk(here)


_NOTHING: Mapping[str, Value] = MappingProxyType({})


def merge(under: Value, over: Value) -> Value:
    """Return both as Helm takes two `--values`: mappings are merged, all else of *over* replaces."""
    if not (isinstance(under.data, Mapping) and isinstance(over.data, Mapping)):
        return over
    children = dict(under.data)
    for key, child in over.data.items():
        children[key] = merge(children[key], child) if key in children else child
    return Value(MappingProxyType(children), over.file, over.line)


def parse_values(text: bytes, file: str) -> Value | Answer:
    """Return the tree of a values file; the answer that says why where it is too large, no YAML, or no mapping."""
    try:
        return _parse(_text_of(text), file)
    except _NotValues as error:
        reason, line = str(error), error.line
    except UnicodeDecodeError as error:
        reason, line = f"byte {error.start + 1} is not UTF-8", text.count(b"\n", 0, error.start) + 1
    except RecursionError:
        reason, line = "values too deep in each other", 0
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        reason, line = " ".join(str(problem or error).split())[:200], mark.line + 1 if mark else 0
    return NOT_VALUES.found(file, expected="a values file of Helm", came=reason, file=file, line=line)


def _text_of(text: bytes) -> str:
    if len(text) > LARGEST:
        raise _NotValues(f"more than {LARGEST // 1024} KiB")
    if b"\0" in text:
        raise _NotValues("a zero byte: it is no text")
    return text.decode("utf-8-sig")


def _parse(text: str, file: str) -> Value:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        return _Builder(loader, file).build(node) if node else Value(_NOTHING, file)
    finally:
        loader.dispose()


class _NotValues(Exception):  # noqa: N818  (no error of the project: it never leaves this file)
    """The text is not what Helm takes, for the reason that it gives."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass
class _Builder:
    loader: Any
    file: str
    count: int = field(default=0)

    def build(self, root: yaml.Node) -> Value:
        if not isinstance(root, yaml.MappingNode):
            raise _NotValues("no mapping at its top", root.start_mark.line + 1)
        return self._value(root, 1, 0)

    def _value(self, node: yaml.Node, line: int, depth: int) -> Value:
        self.count += 1
        if self.count > _MOST_VALUES or depth > _DEEPEST:
            what = "values too deep in each other" if depth > _DEEPEST else f"more than {_MOST_VALUES} values"
            raise _NotValues(f"{what}, aliases filled in", node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, depth)
        if isinstance(node, yaml.SequenceNode):
            items = (self._value(item, item.start_mark.line + 1, depth + 1) for item in node.value)
            return Value(tuple(items), self.file, line)
        first = node.start_mark.line + 1 + (node.style in {"|", ">"})
        return Value(self._plain(node), self.file, line, first)

    def _mapping(self, node: yaml.MappingNode, line: int, depth: int) -> Value:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        repeated = []
        for key, value in node.value:
            here = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _NotValues("a key that is no text", here)
            child = self._value(value, here, depth + 1)
            if key.tag == _MERGE:
                for source in (child, *child.items):
                    merged = {**source.children, **merged}
                continue
            if key.value in own:
                repeated.append((key.value, here))
            own[key.value] = child
        return Value(MappingProxyType({**merged, **own}), self.file, line, repeated=tuple(repeated))

    def _plain(self, node: yaml.ScalarNode) -> Data:
        if node.tag.endswith((":int", ":float")) and len(node.value) > _LONGEST_NUMBER:
            return str(node.value)
        try:
            found = self.loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return str(node.value)
        # Dates and binary data are texts to a chart.
        return found if found is None or isinstance(found, (str, int, float, bool)) else str(node.value)
