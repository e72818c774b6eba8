"""Does this project's own chart take the values? As its schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from eessi_spawner.checks.answer import Answer
from eessi_spawner.checks.values import troubles
from eessi_spawner.checks.values.charts import own_schema
from eessi_spawner.checks.values.tree import Value

_TYPES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "array": (tuple,),
    "object": (Mapping,),
}
_BY_NODES_DNS = re.compile(r"[^.]+\.[^.]+\.svc(\..*)?")


def check_ours(values: Value) -> Iterator[Answer]:
    """Say which values the chart's schema refuses; keys that it does not have are told with those of all charts."""
    wrong = list(_against(own_schema(), values, ""))
    yield from wrong
    server = values.at("attach.nfs.server")
    if values.plain_at("attach.way") == "nfs":
        name = str(server.data) if server else ""
        where = server or values.at("attach.way") or values
        if not name or _BY_NODES_DNS.fullmatch(name):
            yield troubles.NFS_SERVER.found(
                "attach.nfs.server",
                expected="a host or an address that nodes know",
                came=repr(name[:100]),
                file=where.file,
                line=where.line,
            )
    if not wrong:
        yield Answer("ok", "schema", "our chart's schema", "all values are allowed", file=values.file)


def _against(schema: Mapping[str, Any], value: Value, path: str) -> Iterator[Answer]:
    """Compare with the words of JSON schemas that `values.schema.yaml` uses."""
    wanted = _wanted(schema, value)
    if path and wanted:
        yield troubles.VALUE_INVALID.found(
            path,
            expected=wanted,
            came=json.dumps(value.plain())[:100],
            file=value.file,
            line=value.line,
            wanted=wanted,
        )
        return
    for key, child in value.children.items():
        if known := (schema.get("properties") or {}).get(key):
            yield from _against(known, child, f"{path}.{key}" if path else key)
    for item in value.items:
        yield from _against(schema.get("items") or {}, item, path)


def _wanted(schema: Mapping[str, Any], value: Value) -> str:
    """Return what *schema* wants in place of *value*; empty where it is content."""
    names = schema.get("type", [])
    kinds = tuple(kind for name in ([names] if isinstance(names, str) else names) for kind in _TYPES.get(name, ()))
    # To Python true is a number.
    if kinds and (not isinstance(value.data, kinds) or (isinstance(value.data, bool) and bool not in kinds)):
        return f"{'an' if str(names)[0] in 'aio' else 'a'} {names}"
    if "enum" in schema and value.data not in schema["enum"]:
        return " or ".join(map(str, schema["enum"]))
    if isinstance(value.data, str):
        if "pattern" in schema and not re.search(schema["pattern"], value.data):
            return f"a text like {schema['pattern']}"
        if len(value.data) > schema.get("maxLength", len(value.data)):
            return f"a text of {schema['maxLength']} letters at most"
        if len(value.data) < schema.get("minLength", 0):
            return "a text that is not empty"
    if isinstance(value.data, (int, float)) and value.data < schema.get("minimum", value.data):
        return f"{schema['minimum']} or more"
    return ""
