"""What the API answers of the catalogue, as plain JSON. Pure: one function an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from eessi_spawner.errors import UnknownModuleError
from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.question import FILTERS, PAGING, Arguments, Span, check_names, filters_of, span_of, value_of
from eessi_spawner.service.schemas import PAGING as PAGING_SCHEMAS
from eessi_spawner.service.schemas import SEARCH, TEXT, listed, part, record, ref, texts
from eessi_spawner.stack.catalogue.entry import CatalogueModule, version_key
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import search
from eessi_spawner.stack.cpu_targets import CpuTarget

Json = dict[str, Any]

_ETAG = {"ETag": "Another one where the answer may be another: with the next catalogue."}


@described(Operation("The releases, newest first", listed("Release"), headers=_ETAG))
def releases(catalogue: Catalogue, arguments: Arguments) -> Json:
    """Return all releases, newest first, each with what it has."""
    check_names(arguments, ())
    modules = Counter(map(catalogue.release, range(len(catalogue))))
    items = [
        {
            "release": release,
            "modules": modules[release],
            "generations": sorted((name for version, name in catalogue.places if version == release), reverse=True),
            "targets": sorted(catalogue.targets_of_release[release]),
        }
        for release in catalogue.releases
    ]
    return {"items": items, "total": len(items)}


@described(Operation("The CPU targets that EESSI has builds for", listed("Target"), headers=_ETAG))
def targets(catalogue: Catalogue, arguments: Arguments) -> Json:
    """Return all CPU targets that EESSI has builds for, each with the directory that each release takes there."""
    check_names(arguments, ())
    names = sorted(set().union(*catalogue.targets_of_release.values()))
    items = [
        {
            "target": name,
            "name": CpuTarget(name).short_name,
            "machine": CpuTarget(name).machine,
            "fallbacks": [other.path for other in CpuTarget(name).fallback_chain[1:]],
            "directories": {
                release: catalogue.directory_for(release, CpuTarget(name)) for release in catalogue.releases
            },
        }
        for name in names
    ]
    return {"items": items, "total": len(items)}


@described(Operation("All software, by name", part("Software"), query=PAGING_SCHEMAS, headers=_ETAG))
def modules(catalogue: Catalogue, arguments: Arguments) -> Json:
    """Return a part of all names of software, sorted, each with its full module names, newest first."""
    check_names(arguments, PAGING)
    span = span_of(arguments)
    names = sorted(catalogue.rows_of_software, key=lambda name: (name.lower(), name))
    items = [_software(catalogue, name) for name in names[span.offset : span.offset + span.limit]]
    return {"items": items, **_where(span, len(names))}


@described(
    Operation(
        "One software with its versions, newest first",
        record(name=TEXT, description=TEXT, homepage=TEXT, versions={"type": "array", "items": ref("Version")}),
        faults=(404,),
        headers=_ETAG,
    )
)
def module(catalogue: Catalogue, arguments: Arguments, name: str) -> Json:
    """Return one software with its versions, newest first.

    Raises
    ------
    UnknownModuleError
        If there is no software of that name.
    """
    check_names(arguments, ())
    rows = _rows(catalogue, name)
    if not rows:
        raise UnknownModuleError(
            f"The catalogue has no software {name[:100]!r}.",
            advice="Names are as Lmod shows them, with capitals; look for it by search.",
        )
    first = catalogue.module(rows[0])
    return {
        "name": name,
        "description": first.description,
        "homepage": first.homepage,
        "versions": [_version(catalogue.module(row)) for row in rows],
    }


@described(
    Operation(
        "One module with its packages and what it loads, in each release that has it",
        record(
            name=TEXT,
            version=TEXT,
            module=TEXT,
            description=TEXT,
            homepage=TEXT,
            releases={"type": "array", "items": ref("Module")},
        ),
        faults=(404,),
        headers=_ETAG,
    )
)
def version(catalogue: Catalogue, arguments: Arguments, name: str, version: str) -> Json:
    """Return all modules of one full name, one a release, newest first, with what they load and carry.

    Raises
    ------
    UnknownModuleError
        If there is none.
    """
    check_names(arguments, ())
    found = [catalogue.module(row) for row in catalogue.find(f"{name}/{version}")]
    return {
        "name": name,
        "version": version,
        "module": f"{name}/{version}",
        "description": found[0].description,
        "homepage": found[0].homepage,
        "releases": [
            {
                **_version(one),
                "required": list(one.required),
                "extensions": [
                    {"kind": extension.kind, "name": extension.name, "version": extension.version}
                    for extension in one.extensions
                ],
            }
            for one in found
        ],
    }


@described(
    Operation(
        "What a search finds, best first",
        part("Hit", ignored=texts("The words that nothing answers, and that were left out.")),
        query=SEARCH,
        headers=_ETAG,
    )
)
def found(catalogue: Catalogue, arguments: Arguments) -> Json:
    """Return a part of what a search finds, best first, and the words of it that were left out."""
    check_names(arguments, ("q", *FILTERS, *PAGING))
    span, filters = span_of(arguments), filters_of(arguments, catalogue)
    result = search(catalogue, value_of(arguments, "q"), filters, limit=span.offset + span.limit)
    items = [hit.to_json() for hit in result.hits[span.offset :]]
    return {"items": items, **_where(span, result.total), "ignored": list(result.ignored)}


def _rows(catalogue: Catalogue, name: str) -> Sequence[int]:
    return sorted(catalogue.rows_of_software.get(name, ()), key=catalogue.order.__getitem__)


def _software(catalogue: Catalogue, name: str) -> Json:
    rows = _rows(catalogue, name)
    return {
        "name": name,
        "description": catalogue.module(rows[0]).description,
        "releases": sorted(set(map(catalogue.release, rows)), reverse=True),
        "modules": list(dict.fromkeys(map(catalogue.columns.full_name, rows))),
    }


def _version(one: CatalogueModule) -> Json:
    return {
        "module": one.full_name,
        "version": one.module.version,
        "release": one.release,
        "generation": one.generation,
        "toolchain": one.toolchain,
        "targets": list(one.targets),
        "accelerators": {target: sorted(names, key=version_key) for target, names in one.accelerators.items()},
    }


def _where(span: Span, total: int) -> Json:
    """Return which part of a list this is, and where the next one begins (None: this is the last)."""
    after = span.offset + span.limit
    return {
        "total": total,
        "offset": span.offset,
        "limit": span.limit,
        "next_offset": after if after < total else None,
    }
