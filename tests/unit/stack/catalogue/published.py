"""Makes small catalogues in the shape that EESSI publishes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue

TARGETS = ("x86_64/generic", "x86_64/amd/zen3", "x86_64/amd/zen4")


def module_entry(full_name: str) -> dict[str, str]:
    name, _, version = full_name.partition("/")
    return {"module_name": name, "module_version": version, "full_module_name": full_name}


def version_entry(
    module: str,
    release: str = "2025.06",
    *,
    targets: Sequence[str] = TARGETS,
    extensions: Sequence[tuple[str, str, str]] = (),
    required: Sequence[str] = (),
    **fields: Any,
) -> dict[str, Any]:
    return {
        "version": module.partition("/")[2],
        "versionsuffix": "",
        "toolchain": {"name": "SYSTEM", "version": "system"},
        "toolchain_families_compatibility": [],
        "module": module_entry(module),
        "required_modules": [module_entry(name) for name in (f"EESSI/{release}", *required, module)],
        "cpu_arch": list(targets),
        "gpu_arch": {},
        "extensions": [{"type": kind, "name": name, "version": version} for kind, name, version in extensions],
        **fields,
    }


def published(*versions: dict[str, Any], timestamp: object = "2026-08-01T00:00:00Z", **fields: Any) -> dict[str, Any]:
    software: dict[str, Any] = {}
    for version in versions:
        name = version["module"]["module_name"]
        software.setdefault(name, {"description": f"About {name}", "homepage": "", "versions": []})
        software[name]["versions"].append(version)
    return {
        "timestamp": timestamp,
        "architectures_map": {},
        "gpu_architectures_map": {},
        "category_details": {},
        "software": software,
        **fields,
    }


def content_of(data: object) -> bytes:
    return json.dumps(data).encode()


def small_catalogue(*versions: dict[str, Any]) -> Catalogue:
    parsed = parse_catalogue(content_of(published(*versions)))
    return Catalogue(parsed.columns, Provenance("small", parsed.day), parsed.warnings)


def many_modules(count: int) -> bytes:
    return content_of(published(*(version_entry(f"software{number}/1.0") for number in range(count))))
