"""The catalogue saved on this machine: written whole or not at all, and loaded without parsing EESSI's file again.

One file: a first line with the hash of the rest, the hash of EESSI's file and the number of modules, so that
checking for changes reads a line; then columns, words and order as JSON.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from eessi_spawner.errors import CatalogueBusyError, CatalogueRefusedError
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.columns import Columns
from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.terms import Terms

DIRECTORY_VARIABLE = "EESSI_SPAWNER_CATALOGUE_DIR"
FILE_NAME = "catalogue.index"
_MAGIC = "eessi-spawner-catalogue-2"
_LOCK_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class SavedHeader:
    """The first line of a saved catalogue: hash of what follows, hash of EESSI's file, number of modules."""

    body: str
    published: str
    modules: int


def catalogue_directory(environ: Mapping[str, str], home: Path) -> Path:
    """Return where the catalogue is saved: the variable's value, else in the user's cache."""
    if named := environ.get(DIRECTORY_VARIABLE):
        return Path(named)
    cache = environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(cache) / "eessi-spawner" / "catalogue"


def current_catalogue(directory: Path) -> Catalogue:
    """Return the saved catalogue of *directory*, else the bundled one; a damaged file is a warning, no error."""
    try:
        return load_catalogue(directory)
    except FileNotFoundError:
        return bundled_catalogue()
    except (CatalogueRefusedError, OSError) as error:
        reason = error.message if isinstance(error, CatalogueRefusedError) else f"{directory}: {error.strerror}."
        return bundled_catalogue(warnings=(f"the bundled catalogue is used: {reason}",))


def load_catalogue(directory: Path) -> Catalogue:
    """Load the saved catalogue.

    Raises
    ------
    OSError
        If it cannot be read.
    CatalogueRefusedError
        If it is damaged, or of another version of this package.
    """
    path = directory / FILE_NAME
    line, _, body = path.read_bytes().partition(b"\n")
    header = _parse_header(line)
    if header is None or hashlib.sha256(body).hexdigest() != header.body:
        raise _damaged(path)
    try:
        data = json.loads(body)
        columns = Columns.from_json(data["columns"])
        terms = Terms.from_json(data["terms"], columns.descriptions)
        said = data["provenance"]
        day = date.fromisoformat(said["day"]) if said["day"] else None
        provenance = Provenance(said["source"], day, said["sha256"])
        return Catalogue(columns, provenance, tuple(data["warnings"]), terms, data["order"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(path) from None


def read_header(directory: Path) -> SavedHeader | None:
    """Return the first line of the saved catalogue, or None where there is none that can be used."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            return _parse_header(file.readline(500).rstrip(b"\n"))
    except OSError:
        return None


def save_catalogue(catalogue: Catalogue, directory: Path) -> None:
    """Replace the saved catalogue by *catalogue*, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written; the one before stays.
    """
    provenance = catalogue.provenance
    data = {
        "provenance": {
            "source": provenance.source,
            "day": provenance.day.isoformat() if provenance.day else "",
            "sha256": provenance.sha256,
        },
        "warnings": list(catalogue.warnings),
        "columns": catalogue.columns.to_json(),
        "terms": catalogue.terms.to_json(),
        "order": catalogue.order,
    }
    body = json.dumps(data, separators=(",", ":")).encode()
    header = f"{_MAGIC} {hashlib.sha256(body).hexdigest()} {provenance.sha256 or '-'} {len(catalogue)}\n"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=directory, prefix=f".{FILE_NAME}.", delete=False) as file:
        try:
            file.write(header.encode() + body)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, directory / FILE_NAME)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def update_lock(directory: Path, seconds: float) -> Iterator[None]:
    """Hold the lock that one process updates under.

    Raises
    ------
    CatalogueBusyError
        If another process holds it for longer than *seconds*.
    """
    directory.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with (directory / "lock").open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CatalogueBusyError(
                        f"Another process has been updating the catalogue in {directory} for {seconds:g} seconds.",
                        advice="Wait for it to end, or end it; the catalogue in use stays as it is.",
                    ) from None
                time.sleep(_LOCK_POLL_SECONDS)
        yield


def _parse_header(line: bytes) -> SavedHeader | None:
    words = line.decode("ascii", "replace").split(" ")
    if len(words) != 4 or words[0] != _MAGIC or not (words[3].isascii() and words[3].isdigit()):
        return None
    return SavedHeader(words[1], words[2], int(words[3][:9]))


def _damaged(path: Path) -> CatalogueRefusedError:
    return CatalogueRefusedError(
        f"{path} is damaged, or was written by another version of eessi-spawner.",
        advice="Fetch the catalogue anew with: eessi-spawner catalogue update",
    )
