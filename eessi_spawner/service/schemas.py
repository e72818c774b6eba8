"""JSON schemas of what the API takes and answers. Plain data; the document refers to them by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eessi_spawner.service.question import FARTHEST, LONGEST_PART
from eessi_spawner.service.spawns import MOST_SPAWNS

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {"type": "string", "format": "date-time", "description": "In UTC."}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def ref(name: str) -> Schema:
    """Return what refers to the schema of that *name*."""
    return {"$ref": f"#/components/schemas/{name}"}


def texts(description: str = "") -> Schema:
    """Return the schema of a list of texts."""
    return {"type": "array", "items": TEXT, **({"description": description} if description else {})}


def record(**properties: Schema) -> Schema:
    """Return the schema of an object with all these *properties* and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(item: str, **more: Schema) -> Schema:
    """Return the schema of a list of what is called *item*, with how many there are."""
    return record(items={"type": "array", "items": ref(item)}, total=COUNT, **more)


def part(item: str, **more: Schema) -> Schema:
    """Return the schema of a part of a long list."""
    return listed(
        item, offset=COUNT, limit=COUNT, next_offset={"type": ["integer", "null"], "description": "null: none"}, **more
    )


PAGING: Mapping[str, Schema] = {
    "offset": {"type": "integer", "minimum": 0, "maximum": FARTHEST, "default": 0},
    "limit": {"type": "integer", "minimum": 1, "maximum": LONGEST_PART, "default": 50},
}
_SEVERAL: Schema = {"type": "array", "items": TEXT, "maxItems": 30}
SEARCH: Mapping[str, Schema] = {
    "q": {"type": "string", "description": "Words of names, packages and descriptions."},
    "release": _SEVERAL,
    "target": {**_SEVERAL, "description": "CPU targets, such as x86_64/amd/zen3."},
    "accelerator": {"type": "string", "description": "A GPU, such as nvidia/cc80."},
    "generation": _SEVERAL,
    "language": TEXT,
    **PAGING,
}

_AMOUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_NUMBER: Schema = {"type": "number", "minimum": 0}
# What stands beside all that is said of pools.
TOLD: Mapping[str, Schema] = {
    "age": {"type": ["number", "null"], "minimum": 0, "description": "Seconds since the hub told it; null: never."},
    "counts_own": {"type": "boolean", "description": "Whether the hub's own servers alone count as using room."},
    "unknown": {"type": "string", "description": "Why nothing is known of pools; empty: something is."},
}

_EXTENSION = record(kind=TEXT, name=TEXT, version=TEXT)
_BY_TARGET: Schema = {"type": "object", "additionalProperties": texts()}
_VERSION: Mapping[str, Schema] = {
    "module": TEXT,
    "version": TEXT,
    "release": TEXT,
    "generation": TEXT_OR_NULL,
    "toolchain": TEXT_OR_NULL,
    "targets": texts("The CPU targets that have it."),
    "accelerators": {**_BY_TARGET, "description": "CPU target to the GPUs that it is built for there."},
}
_ENVIRONMENT: Mapping[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "title": TEXT,
    "release": TEXT,
    "modules": texts("Full names, with the module that brings the kernel."),
    "language": TEXT,
    "generation": TEXT_OR_NULL,
    "key": {"type": "string", "description": "The same for the same modules of the same release everywhere."},
    "created": TIME,
    "changed": TIME,
}
NEW_NAME: Schema = {
    "type": "object",
    "properties": {
        "name": {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$",
            "description": "Default: the same with a number.",
        }
    },
    "additionalProperties": False,
}
# Of YAML files. One that is read says of each entry itself what is wrong with it.
WRITTEN_FILE: Schema = record(environments={"type": "array", "items": ref("ChosenEnvironment")})
_ENTRIES: Schema = {"type": "array", "items": {}, "minItems": 1, "maxItems": 200}
READ_FILE: Schema = {"anyOf": [record(environments=_ENTRIES), _ENTRIES]}

_FREE: Schema = {**_AMOUNT_OR_NULL, "description": "With room for a server that is started without a choice."}
_OF_THE_HUB: Schema = {"type": "array", "items": {"type": "object"}}

SCHEMAS: Mapping[str, Schema] = {
    "Fault": record(
        code={"type": "string", "pattern": "^[a-z_]+$", "description": "Stable; made for programs."},
        message={"type": "string", "description": "What was expected, and what came."},
        advice={"type": "string", "description": "What to do now."},
    ),
    "Health": record(
        ok={"type": "boolean"},
        checks={"type": "object", "additionalProperties": TEXT, "description": "Each `ok`, or what is wrong."},
        catalogue=record(modules=COUNT, day={"type": ["string", "null"], "format": "date"}),
    ),
    "Release": record(release=TEXT, modules=COUNT, generations=texts(), targets=texts()),
    "Target": record(
        target=TEXT,
        name=TEXT,
        machine=TEXT,
        fallbacks=texts("The targets whose builds run there too, best first."),
        directories={
            "type": "object",
            "additionalProperties": TEXT_OR_NULL,
            "description": "Release to the directory that EESSI takes there; null: it has none.",
        },
    ),
    "Software": record(name=TEXT, description=TEXT, releases=texts(), modules=texts("Full names, newest first.")),
    "Version": record(**_VERSION),
    "Module": record(**_VERSION, required=texts("What it loads."), extensions={"type": "array", "items": _EXTENSION}),
    "Hit": record(
        name=TEXT,
        **_VERSION,
        releases=texts("All that have it."),
        extensions_matched={"type": "array", "items": _EXTENSION},
        description=TEXT,
        score={"type": "number"},
        how={"type": "string", "description": "Why it was found; `typo`: nothing was spelt so."},
    ),
    "Environment": record(**_ENVIRONMENT),
    "CheckedEnvironment": record(
        **_ENVIRONMENT,
        targets=texts("The CPU targets that can load it."),
        problem={"type": "string", "description": "Why none can; empty where one can."},
    ),
    "Pool": record(
        name=TEXT,
        cpu_target={**TEXT_OR_NULL, "description": "The best that all of its nodes run; null: not known."},
        machine={**TEXT_OR_NULL, "description": "As `uname -m` prints it."},
        accelerators=texts(),
        open_nodes={**_AMOUNT_OR_NULL, "description": "That take new servers; null: nobody counts."},
        closed_nodes=_AMOUNT_OR_NULL,
        free_nodes=_FREE,
        max_nodes={**_AMOUNT_OR_NULL, "description": "To how many it can grow; null: not known to grow."},
        waits={"type": "array", "items": _NUMBER, "description": "Seconds that its last new nodes took."},
        reason={"type": "string", "description": "Why a server cannot run there; empty: it can."},
    ),
    "Offer": record(
        pool=TEXT,
        release=TEXT,
        verdict={
            "enum": ["works", "less", "waits", "cannot"],
            "description": "`less`: with builds for an older CPU; `waits`: no node is free now.",
        },
        target={**TEXT_OR_NULL, "description": "Whose builds run; null: none, or the kernel finds out."},
        accelerator=TEXT_OR_NULL,
        free_nodes=_FREE,
        sentence={"type": "string", "description": "All this, for people."},
    ),
    "HubFacts": record(
        pools={**_OF_THE_HUB, "description": "As the spawner writes them."},
        request={"type": "object", "description": "What a server asks for that is started without a choice."},
        waits={"type": "object", "description": "Pool to seconds that its last new nodes took."},
        counts_own=TOLD["counts_own"],
        recommended={**_OF_THE_HUB, "description": "The site's environments, and for which groups each is kept."},
    ),
    "Spawns": record(items={**_OF_THE_HUB, "maxItems": MOST_SPAWNS, "description": "As the spawner writes them."}),
    "ChosenEnvironment": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
            "title": {"type": "string", "minLength": 1, "maxLength": 100, "description": "Default: the name."},
            "release": {"type": "string", "description": "Default: the newest that has all modules."},
            "modules": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 50},
            "language": {"const": "python", "default": "python"},
        },
        "required": ["name", "modules"],
        "additionalProperties": False,
        "examples": [{"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}],
    },
    "SharedEnvironment": record(
        **{name: schema for name, schema in _ENVIRONMENT.items() if name != "id"},
        targets=texts("The CPU targets that can load it."),
        problem={"type": "string", "description": "Why none can; empty where one can."},
        owner={"type": "string", "description": "Who shares it."},
    ),
    "Question": {
        "type": "object",
        "properties": {
            "name": {"description": "Not looked at, as title and language are not."},
            "title": {},
            "release": {"type": "string", "description": "Default: the newest that has all modules."},
            "modules": {"type": "array", "items": TEXT},
            "language": {},
        },
        "required": ["modules"],
        "additionalProperties": False,
        "examples": [{"modules": ["matplotlib/3.10.5-gfbf-2025b"]}],
    },
    "Review": record(
        together={"type": "boolean"},
        reasons=texts("Why they make no environment."),
        release={"type": "string", "description": "Where they load; empty where they do not."},
        modules=texts("Full names, with the module that brings the kernel."),
        added=texts("Those of `modules` that were not asked for."),
        required=texts("What is loaded with them, as far as the catalogue says."),
        packages={**COUNT, "description": "How many packages are in them."},
        targets=texts("The CPU targets that have all of them."),
        nearest={
            "oneOf": [
                {"type": "null"},
                record(
                    release=TEXT,
                    modules=texts(),
                    changes={"type": "array", "items": record(module=TEXT, becomes=TEXT_OR_NULL)},
                ),
            ],
            "description": "What can be loaded instead.",
        },
    ),
    "Link": record(token=TEXT, page={"type": "string", "description": "The path of the page to send to others."}),
    "Imported": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "result": {"enum": ["saved", "unchanged", "refused"]},
            "id": ID,
            "code": TEXT,
            "message": TEXT,
            "advice": TEXT,
        },
        "required": ["name", "result"],
        "additionalProperties": False,
    },
}
