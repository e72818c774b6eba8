"""EESSI's published JSON (`eessi_api_metadata_software.json`) -> columns.

Its shape is that of EESSI/api_data, `scripts/process_eessi_software_metadata.py`. Unknown fields, targets and
releases are kept or passed over with a warning; only a file that is no catalogue at all is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from eessi_spawner.errors import CatalogueRefusedError
from eessi_spawner.stack.catalogue.builder import Builder, Skip, clean_text
from eessi_spawner.stack.catalogue.columns import Columns

_DAY = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")
_SIMPLE = frozenset("licence license image categories identifier versionsuffix version".split())
_FIELDS = {
    "the catalogue": frozenset(
        "timestamp provenance architectures_map gpu_architectures_map category_details software".split()
    ),
    "a software": _SIMPLE | {"description", "homepage", "versions"},
    "a version": _SIMPLE
    | set(
        "description homepage toolchain toolchain_families_compatibility module required_modules cpu_arch gpu_arch"
        " extensions".split()
    ),
}
_PACKAGE = itemgetter("type", "name", "version")
_SYSTEM = {"name": "SYSTEM", "version": "system"}


@dataclass(frozen=True)
class Parsed:
    """What a published file says; `day` is that of its timestamp, `warnings` what was passed over."""

    columns: Columns
    day: date | None
    warnings: tuple[str, ...]


def parse_catalogue(content: bytes) -> Parsed:
    """Parse a published file.

    Raises
    ------
    CatalogueRefusedError
        If it is empty, no JSON, or of another shape.
    """
    data = read_json(content)
    if not isinstance(data, dict) or not isinstance(data.get("software"), dict):
        raise refused("it is JSON of another shape: a field 'software' that maps names to versions was expected")
    builder = Builder()
    _warn_of_fields(builder, "the catalogue", data)
    for name, software in data["software"].items():
        versions = software.get("versions") if isinstance(software, dict) else None
        if not isinstance(versions, list):
            builder.warn(f"passed over {name[:100]!r}: it has no list of versions")
            continue
        _read_software(builder, name, software, versions)
    if not len(builder.columns):
        raise refused("it lists no module")
    day = parse_day(data.get("timestamp"))
    if day is None:
        builder.warn("the timestamp holds no date")
    return Parsed(builder.columns, day, builder.warnings)


def read_json(content: bytes) -> Any:
    """Return what *content* holds as JSON.

    Raises
    ------
    CatalogueRefusedError
        If it is empty, a web page, or no JSON.
    """
    start = content[:500].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise refused("it is empty")
    if start[:1] == b"<":
        raise refused("it is a web page, as the log-in page of a network would be")
    try:
        return json.loads(content)
    except RecursionError:
        raise refused("its JSON is nested too deeply") from None
    except ValueError as error:
        raise refused(f"it is not JSON, or not all of it ({clean_text(str(error), 200)})") from None


def refused(reason: str) -> CatalogueRefusedError:
    """Return the error that says why a file is not used as a catalogue."""
    return CatalogueRefusedError(
        f"A catalogue of EESSI was expected, but {reason}.",
        advice="The catalogue used so far stays in use; try again later, or check address, proxy and mirror.",
    )


def parse_day(timestamp: object) -> date | None:
    """Return the day that stands anywhere in *timestamp*, or None."""
    match = _DAY.search(timestamp) if isinstance(timestamp, str) else None
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _read_software(builder: Builder, name: str, software: Mapping[str, Any], versions: list[Any]) -> None:
    _warn_of_fields(builder, "a software", software)
    place = None
    for version in versions:
        try:
            if place is None:
                _warn_of_fields(builder, "a version", version)
                software_name = version["module"]["full_module_name"].partition("/")[0]
                text = software.get("description") or version.get("description", "")
                home = software.get("homepage") or version.get("homepage", "")
                _read_version(builder, version, None)
                place = builder.software(software_name, text, home)
            else:
                _read_version(builder, version, place)
        except Skip as reason:
            builder.warn(f"passed over a version of {name[:100]!r}: {reason}")
        except (KeyError, TypeError, AttributeError, StopIteration, ValueError) as error:
            builder.warn(f"passed over a version of {name[:100]!r}: {type(error).__name__} {str(error)[:100]}")


def _read_version(builder: Builder, version: Mapping[str, Any], software: int | None) -> None:
    """Hand one version to *builder*; whatever is shaped otherwise raises, and the caller passes it over."""
    module = version["module"]["full_module_name"]
    names = [entry["full_module_name"] for entry in version["required_modules"]]
    eessi = names[0] if names and names[0][:6] == "EESSI/" else next(name for name in names if name[:6] == "EESSI/")
    toolchain = version.get("toolchain") or _SYSTEM
    suffix = toolchain["version"]
    builder.add(
        module=module,
        release=eessi[6:],
        toolchain=f"{toolchain['name']}-{suffix}" if suffix != "system" else "SYSTEM",
        targets=version["cpu_arch"],
        families=version.get("toolchain_families_compatibility") or (),
        accelerators=version.get("gpu_arch"),
        packages=_read_packages(builder, version.get("extensions") or ()),
        required=[name for name in names if name not in (module, eessi)],
        software=software,
    )


def _read_packages(builder: Builder, extensions: Sequence[Any]) -> list[int]:
    """Hand a module's extensions to *builder*; one that is shaped otherwise is passed over, and the rest is kept."""
    try:
        return builder.packages(map(_PACKAGE, extensions))
    except (KeyError, TypeError):
        good = []
        for extension in extensions:
            match extension:
                case {"name": str(name), "version": str(version)}:
                    kind = extension.get("type")
                    good.append((kind if isinstance(kind, str) else "", name, version))
                case _:
                    builder.warn("passed over an extension without name or version")
        return builder.packages(good)


def _warn_of_fields(builder: Builder, what: str, data: Mapping[str, Any]) -> None:
    for name in data.keys() - _FIELDS[what]:
        builder.warn(f"{what} has a field {name[:100]!r} that is not known here")
