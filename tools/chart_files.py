"""Writes what is made of the chart's one documented source, and of the package: `make chart`.

The source is `values.schema.yaml`: a JSON schema whose every value has a description and a default. Zero to JupyterHub
keeps its schema and its reference so (`jupyterhub/values.schema.yaml`, `tools/generate-json-schema.py`).
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from eessi_spawner.cli.labels import as_yaml
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.nfd import node_feature_rule

REPOSITORY = Path(__file__).parents[1]
CHART = REPOSITORY / "helm-config/eessi-spawner"
PACKAGE = REPOSITORY / "eessi_spawner"

_WIDTH = 110
_MADE = "Made by `make chart` from"
_KINDS = {"string": "texts", "integer": "numbers", "array": "lists of texts", "object": "objects"}
_PAGE = """\
# Values of the chart

<!-- {made} -->

All values of [helm-config/eessi-spawner](../../helm-config/eessi-spawner), which [stands beside](install.md) Zero to
JupyterHub. A key that is not here, and a value that cannot be, is refused before anything is applied.

| value | default | what may stand there | meaning |
| --- | --- | --- | --- |
"""


def source() -> dict[str, Any]:
    """Return the documented source."""
    return dict(yaml.safe_load((CHART / "values.schema.yaml").read_text(encoding="utf-8")))


def made_files() -> dict[Path, str]:
    """Return the text of every file that is made."""
    root = source()
    return {
        CHART / "values.schema.json": json.dumps(schema(root), indent=2) + "\n",
        # For `eessi-spawner doctor`, which runs where the chart's files are not.
        PACKAGE / "checks/values/eessi-spawner.schema.json": json.dumps(schema(root), indent=2) + "\n",
        CHART / "values.yaml": f"# {_MADE} values.schema.yaml.\n" + "".join(_defaults(root)),
        CHART / "files/node-feature-rule.yaml": as_yaml(node_feature_rule(Labels())),
        REPOSITORY / "docs/admin/chart-values.md": _PAGE.format(
            made=f"{_MADE} helm-config/eessi-spawner/values.schema.yaml."
        )
        + "".join(_row(path, node) for path, node in values(root)),
    }


def schema(root: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema that Helm checks values by: the keys of the source, all of them and no other."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", **_closed(root)}


def values(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each value's path and description: what has no properties of its own."""
    for name, child in node["properties"].items():
        here = f"{path}.{name}" if path else name
        if "properties" in child:
            yield from values(child, here)
        else:
            yield here, child


def _closed(node: Mapping[str, Any]) -> dict[str, Any]:
    if "properties" not in node:
        return dict(node)
    children = {name: _closed(child) for name, child in node["properties"].items()}
    # Helm takes null for the wish to have no such value at all, and templates would write nothing in its place.
    needed = [name for name, child in children.items() if "properties" in child or "default" in child]
    return {**node, "type": "object", "required": needed, "additionalProperties": False, "properties": children}


def _defaults(node: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for name, child in node["properties"].items():
        if "properties" not in child and "default" not in child:
            continue
        if not indent:
            yield "\n"
        yield (
            textwrap.fill(child["description"], _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
            + "\n"
        )
        if "properties" in child:
            yield f"{indent}{name}:\n"
            yield from _defaults(child, f"{indent}  ")
        else:
            yield f"{indent}{name}: {json.dumps(child['default'])}\n"


def _row(path: str, node: Mapping[str, Any]) -> str:
    default = f"`{json.dumps(node['default'])}`" if "default" in node else ""
    return f"| `{path}` | {default} | {_allowed(node)} | {node['description']} |\n"


def _allowed(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return ", ".join(f"`{choice}`" for choice in node["enum"])
    if node["type"] == "array":
        return f"a list of {_KINDS[node['items']['type']]}"
    if node["type"] == "object" and node["additionalProperties"] is not True:
        return "texts by name"
    words = {"boolean": "`true`, `false`", "string": "text", "object": "anything"}
    return words.get(node["type"], "a number")


def main() -> None:
    """Write the files."""
    for path, text in made_files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
