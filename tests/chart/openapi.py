"""What a version of Kubernetes takes, by the OpenAPI file in its Go module."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema

VERSIONS = ("v1.32.0", "v1.33.0", "v1.34.4")


def complaints(version: str, document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an object of a built-in kind: an unknown field, a wrong type, a missing field."""
    definitions, kinds = _read(version)
    name = kinds[document["apiVersion"], document["kind"]]
    validator = jsonschema.Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@functools.cache
def _read(version: str) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """Return the definitions, closed to fields that they do not have, and their names by apiVersion and kind."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"], check=True, capture_output=True, text=True
    )
    file = Path(json.loads(done.stdout)["Dir"]) / "api/openapi-spec/swagger.json"
    definitions = json.loads(file.read_text(encoding="utf-8"))["definitions"]
    kinds = {}
    # A number or a text, as the API server reads it; the file says text alone.
    definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["type"] = ["integer", "string"]
    for name, definition in definitions.items():
        if "properties" in definition:
            definition["additionalProperties"] = False
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            kinds[f"{kind['group']}/{kind['version']}".lstrip("/"), kind["kind"]] = name
    return definitions, kinds
