"""Keeps the catalogue in memory, and reads it again where the saved file has changed."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eessi_spawner import __version__
from eessi_spawner.errors import CatalogueRefusedError
from eessi_spawner.service.kept_answers import KeptAnswers
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.saved import FILE_NAME, load_catalogue, read_header

LOOK_SECONDS = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptCatalogue:
    """A catalogue, a text that is another one where its answers may differ, and answers that it gave."""

    catalogue: Catalogue
    revision: str
    answers: KeptAnswers = field(default_factory=KeptAnswers, compare=False)


class CatalogueKeeper:
    """The catalogue that is asked now: the saved one, else that of the package.

    A file that goes away or is damaged replaces nothing: the last good catalogue stays, and `problem` says why.

    Parameters
    ----------
    directory
        Of the saved catalogue.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: tuple[int, ...] = ()
        self._hash = ""
        self.problem = ""
        self.now = _kept(bundled_catalogue(), "")
        self.look()

    def look(self) -> bool:
        """Read the saved catalogue if it is not the one in use; return whether it was read. Blocks."""
        try:
            status = (self._directory / FILE_NAME).stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return False
            header = read_header(self._directory)
            if header is None or header.body != self._hash:
                catalogue = load_catalogue(self._directory)
                self._hash = header.body if header else ""
                self.now = _kept(catalogue, self._hash)
                self._seen, self.problem = seen, ""
                return True
            self._seen, self.problem = seen, ""
        except FileNotFoundError:
            self._seen = ()
            if self._hash:
                self._tell(f"{self._directory / FILE_NAME} is gone")
        except CatalogueRefusedError as error:
            self._seen = seen
            self._tell(error.message.rstrip("."))
        except OSError as error:
            self._tell(f"{self._directory}: {error.strerror}")
        return False

    async def keep(self, threads: Executor, seconds: float = LOOK_SECONDS) -> None:
        """Look for a new catalogue every so many *seconds*, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(seconds)
            try:
                if await loop.run_in_executor(threads, self.look):
                    _log.info("Read a new catalogue of %s modules.", len(self.now.catalogue))
            except Exception:  # noqa: BLE001  # whatever it is, the next file may be good
                _log.exception("The saved catalogue cannot be read; the last good one stays in use.")

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            _log.warning("The last good catalogue stays in use: %s.", problem)
        self.problem = problem

    def summary(self) -> dict[str, Any]:
        """Return what is in use, as plain data."""
        provenance = self.now.catalogue.provenance
        return {
            "modules": len(self.now.catalogue),
            "day": provenance.day.isoformat() if provenance.day else None,
        }


def _kept(catalogue: Catalogue, body_hash: str) -> KeptCatalogue:
    catalogue.prepare()
    return KeptCatalogue(catalogue, f"{__version__}-{(body_hash or catalogue.provenance.sha256)[:20]}")
