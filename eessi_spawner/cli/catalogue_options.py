"""What subcommands that ask the catalogue have in common: which one is asked, and how its age is told."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from eessi_spawner.cli.table import YELLOW, colour
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.catalogue.index import BUNDLED, Catalogue
from eessi_spawner.stack.catalogue.saved import catalogue_directory, current_catalogue
from eessi_spawner.stack.catalogue.tree import ask_tree


def add_tree_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that asks a mounted tree instead of the catalogue."""
    parser.add_argument(
        "--tree",
        metavar="DIR",
        help="read the modules of this mounted tree instead (a site's own stack, /cvmfs/dev.eessi.io/PROJECT)",
    )


def open_catalogue(arguments: argparse.Namespace) -> Catalogue:
    """Return the catalogue that *arguments* ask."""
    if arguments.tree:
        return ask_tree(arguments.tree)
    return current_catalogue(saved_directory())


def saved_directory() -> Path:
    """Return where this user's catalogue is saved."""
    return catalogue_directory(os.environ, Path.home())


def checked_release(catalogue: Catalogue, release: str | None) -> str | None:
    """Return *release*, if the catalogue has it.

    Raises
    ------
    InvalidChoiceError
        If it has not.
    """
    if release is not None and release not in catalogue.releases:
        raise InvalidChoiceError(
            f"The catalogue has no release {release[:50]!r}.", advice=f"Use one of: {', '.join(catalogue.releases)}."
        )
    return release


def describe_source(catalogue: Catalogue) -> str:
    """Return in one line where the data is from and how old it is."""
    provenance = catalogue.provenance
    name = "the catalogue of this package" if provenance.source == BUNDLED else provenance.source
    day = f" ({provenance.day})" if provenance.day else ""
    return f"{name}, {catalogue.age(datetime.now(tz=timezone.utc).date())}{day}"


def tell_source(catalogue: Catalogue) -> None:
    """Say on standard error where the data is from, and what fell out of use."""
    print(f"Data: {describe_source(catalogue)}", file=sys.stderr)
    for warning in catalogue.warnings:
        if warning.startswith("the bundled catalogue is used"):
            print(colour(f"Warning: {warning}", YELLOW), file=sys.stderr)
