"""Writes the page of the service's API from what its handlers say of themselves: `make api`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eessi_spawner.service.application import API, routes_below
from eessi_spawner.service.openapi import openapi

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs/admin/api.md"
_PREFIX = "/services/eessi/"
_HEAD = f"""\
# The service's API

<!-- Made by `make api` from eessi_spawner/service. -->

Below `{_PREFIX}{API}`, for [the hub service](service.md) of that name. The service gives it out as an OpenAPI 3.1
document too, at `openapi.json`.

| address | method | meaning | takes | status |
| --- | --- | --- | --- | --- |
"""


def made_page() -> str:
    """Return the text of the page."""
    document = openapi(routes_below(_PREFIX), f"{_PREFIX}{API}")
    return _HEAD + "".join(_rows(document)) + "".join(_values(document["components"]["schemas"]))


def _rows(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            cells = (
                f"`{path.removeprefix('/')}`",
                method.upper(),
                operation["summary"] + ("" if operation["security"] else "; needs no token"),
                ", ".join(_taken(operation)),
                ", ".join(sorted(operation["responses"])),
            )
            yield f"| {' | '.join(cells)} |\n"


def _taken(operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"`{each['name']}`" for each in operation["parameters"] if each["in"] == "query")
    for content, body in operation.get("requestBody", {}).get("content", {}).items():
        yield _type(body["schema"]) if content == "application/json" else content


def _values(schemas: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Values\n"
    for name, schema in schemas.items():
        yield f"\n### {name}\n\n| field | type | meaning |\n| --- | --- | --- |\n"
        for field, of_field in schema["properties"].items():
            asked = "" if field in schema["required"] else ", optional"
            yield f"| `{field}` | {_type(of_field)}{asked} | {of_field.get('description', '')} |\n"


def _type(schema: Mapping[str, Any]) -> str:
    """Return what a value is, in words; what refers to another schema links to it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object" and isinstance(more := schema.get("additionalProperties"), dict):
        return f"object, name to {_type(more)}"
    if kind == "object" and "properties" in schema:
        return "object of " + ", ".join(f"`{name}`" for name in schema["properties"])
    return " or ".join([kind] if isinstance(kind, str) else kind)


if __name__ == "__main__":
    PAGE.write_text(made_page(), encoding="utf-8")
