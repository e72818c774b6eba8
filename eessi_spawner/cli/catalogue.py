"""`eessi-spawner catalogue`: what the catalogue in use is, whether there is a newer one, and fetching it."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from typing import Any

from eessi_spawner.cli.catalogue_options import add_tree_option, describe_source, open_catalogue, saved_directory
from eessi_spawner.cli.table import YELLOW, colour, format_table
from eessi_spawner.stack.catalogue.download import (
    PROXY_VARIABLE,
    PUBLISHED_URL,
    URL_VARIABLE,
    Source,
    check_catalogue,
    source_from,
    update_catalogue,
)
from eessi_spawner.stack.catalogue.index import Catalogue


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its three actions."""
    parser = subparsers.add_parser(
        "catalogue",
        help="show, check and update the catalogue of EESSI's modules",
        description="Work with the catalogue of all modules that EESSI has. One comes with this package; an update"
        " fetches the one that EESSI publishes each night.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser("info", help="say what the catalogue in use holds, and how old it is")
    action.add_argument("--json", action="store_true", help="print it as JSON")
    add_tree_option(action)
    action.set_defaults(run=info)
    action = actions.add_parser("update", help="fetch the published catalogue if it changed")
    action.add_argument(
        "--accept-smaller", action="store_true", help="take one with less than half of the modules as well"
    )
    _add_source(action)
    action.set_defaults(run=update)
    action = actions.add_parser("check", help="say whether there is a newer one (exit code 1), and fetch nothing")
    _add_source(action)
    action.set_defaults(run=check)


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", help=f"the published file or a mirror (default: ${URL_VARIABLE}, else {PUBLISHED_URL})"
    )
    parser.add_argument(
        "--proxy",
        help=f"a proxy's URL, or 'none' (default: ${PROXY_VARIABLE}, else what https_proxy and no_proxy say)",
    )


def _source(arguments: argparse.Namespace) -> Source:
    return source_from(os.environ, url=arguments.url, proxy=arguments.proxy)


def info(arguments: argparse.Namespace) -> int:
    """Print what the catalogue in use holds."""
    catalogue = open_catalogue(arguments)
    if arguments.json:
        print(json.dumps(_summary(catalogue), indent=1))
        return 0
    print(f"Data: {describe_source(catalogue)}")
    rows = [("RELEASE", "MODULES", "SOFTWARE", "GENERATIONS", "CPU TARGETS")]
    rows += [
        (
            release["release"],
            str(release["modules"]),
            str(release["software"]),
            ", ".join(release["generations"]),
            str(len(release["targets"])),
        )
        for release in _summary(catalogue)["releases"]
    ]
    for line in format_table(rows):
        print(line)
    print(f"{len(catalogue.columns.extensions)} packages are inside modules (--json says more).")
    for warning in catalogue.warnings:
        print(colour(f"Warning: {warning}", YELLOW))
    return 0


def _summary(catalogue: Catalogue) -> dict[str, Any]:
    columns = catalogue.columns
    provenance = catalogue.provenance
    modules = Counter(map(catalogue.release, range(len(catalogue))))
    software = Counter(release for release, _ in set(zip(columns.release_of, columns.software_of, strict=True)))
    return {
        "source": provenance.source,
        "day": provenance.day.isoformat() if provenance.day else None,
        "sha256": provenance.sha256,
        "modules": len(catalogue),
        "extensions": len(columns.extensions),
        "releases": [
            {
                "release": release,
                "modules": modules[release],
                "software": software[columns.releases.index(release)],
                "generations": sorted(generation for version, generation in catalogue.places if version == release),
                "targets": sorted(catalogue.targets_of_release[release]),
            }
            for release in catalogue.releases
        ],
        "warnings": list(catalogue.warnings),
    }


def update(arguments: argparse.Namespace) -> int:
    """Fetch the published catalogue, if it is another one."""
    done = update_catalogue(saved_directory(), _source(arguments), accept_smaller=arguments.accept_smaller)
    if done.catalogue is None:
        print("The catalogue is up to date.")
    else:
        print(f"Updated: {len(done.catalogue)} modules, from {describe_source(done.catalogue)}")
    for warning in done.warnings:
        print(colour(f"Warning: {warning}", YELLOW))
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Say whether the published catalogue is another one than the saved; exit code 1 if so."""
    found = check_catalogue(saved_directory(), _source(arguments))
    if not found.changed:
        print("The catalogue is up to date.")
        return 0
    if found.published is None:
        print("The server publishes no hash of the catalogue: only an update can tell.")
    elif found.current is None:
        print("No catalogue has been fetched yet: eessi-spawner catalogue update")
    else:
        print("There is a newer catalogue: eessi-spawner catalogue update")
    return 1
