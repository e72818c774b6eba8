"""Fetches EESSI's published catalogue and puts it in the place of the saved one, if it is good.

`hashes.json` beside it says whether it changed. Whatever comes truncated, empty, as a web page, in another shape
or with less than half of the modules is refused with the reason, and the last good one stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.errors import CatalogueRefusedError
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue, read_json, refused
from eessi_spawner.stack.catalogue.request import Http, shown
from eessi_spawner.stack.catalogue.saved import read_header, save_catalogue, update_lock

PUBLISHED_URL = "https://www.eessi.io/api_data/data/eessi_api_metadata_software.json"
URL_VARIABLE = "EESSI_SPAWNER_CATALOGUE_URL"
PROXY_VARIABLE = "EESSI_SPAWNER_CATALOGUE_PROXY"
_LOCK_SECONDS = 600.0


@dataclass(frozen=True)
class Source:
    """Where the catalogue is published, and the way there.

    Attributes
    ----------
    url
        Of the JSON file; `hashes.json` is looked for beside it.
    proxy
        A proxy's URL; `none` for no proxy; empty for what the environment says (`https_proxy`, `no_proxy`).
    seconds
        How long to wait for an answer, and between two parts of it.
    total_seconds
        How long a download may take.
    """

    url: str = PUBLISHED_URL
    proxy: str = ""
    seconds: float = 30.0
    total_seconds: float = 600.0

    @property
    def hashes_url(self) -> str:
        """Where the hashes are published."""
        return f"{self.url.rpartition('/')[0]}/hashes.json"

    @property
    def file_name(self) -> str:
        """What `hashes.json` calls the file."""
        return self.url.rpartition("/")[2].partition("?")[0]


@dataclass(frozen=True)
class Check:
    """What `hashes.json` says: `published` is the hash there (None where it has none), `current` that of the saved."""

    published: str | None
    current: str | None

    @property
    def changed(self) -> bool:
        """Whether the published catalogue is another one than the saved; unknown counts as changed."""
        return self.published is None or self.published != self.current


@dataclass(frozen=True)
class Update:
    """What an update did: `catalogue` is the new one, or None where the saved one is what is published."""

    catalogue: Catalogue | None
    warnings: tuple[str, ...] = ()


def source_from(environ: Mapping[str, str], *, url: str | None = None, proxy: str | None = None) -> Source:
    """Return the source that arguments say, else the environment, else EESSI's own."""
    return Source(url or environ.get(URL_VARIABLE) or PUBLISHED_URL, proxy or environ.get(PROXY_VARIABLE, ""))


def check_catalogue(directory: Path, source: Source) -> Check:
    """Compare the saved catalogue with what is published, by one small file; nothing is parsed but that.

    Raises
    ------
    CatalogueError
        If the hashes cannot be fetched or are no hashes.
    """
    header = read_header(directory)
    http = Http(source.proxy, source.seconds, source.total_seconds)
    return Check(_published_hash(http, source), header.published if header else None)


def update_catalogue(directory: Path, source: Source, *, accept_smaller: bool = False) -> Update:
    """Fetch the catalogue if it changed, and replace the saved one by it if it is good.

    Raises
    ------
    CatalogueUnreachableError
        If it cannot be fetched.
    CatalogueRefusedError
        If what came is not good; the saved one stays.
    CatalogueBusyError
        If another process is updating and does not end.
    OSError
        If it cannot be saved.
    """
    with update_lock(directory, _LOCK_SECONDS):
        check = check_catalogue(directory, source)
        if not check.changed:
            return Update(None)
        http = Http(source.proxy, source.seconds, source.total_seconds)
        content = http.get(source.url)
        digest = hashlib.sha256(content).hexdigest()
        warnings = []
        if check.published is None:
            warnings.append(f"{shown(source.hashes_url)} has no hash of {source.file_name}: it was not checked")
        # It may have been published anew between the two requests.
        elif digest != check.published and digest != _published_hash(http, source):
            read_json(content)
            raise refused(f"its hash is not the published one ({digest[:12]}… came, {check.published[:12]}… was said)")
        parsed = parse_catalogue(content)
        catalogue = Catalogue(parsed.columns, Provenance(shown(source.url), parsed.day, digest), parsed.warnings)
        if not accept_smaller:
            _refuse_shrunken(directory, len(catalogue))
        save_catalogue(catalogue, directory)
        return Update(catalogue, (*warnings, *parsed.warnings))


def _refuse_shrunken(directory: Path, modules: int) -> None:
    header = read_header(directory)
    before = header.modules if header else len(bundled_catalogue())
    if modules * 2 < before:
        raise CatalogueRefusedError(
            f"The catalogue that came lists {modules} modules, less than half of the {before} of the one in use.",
            advice="If that is right (another repository, say), update with --accept-smaller; else try again later.",
        )


def _published_hash(http: Http, source: Source) -> str | None:
    """Return the published hash of the file; None where there is no `hashes.json`, or nothing of the file in it."""
    content = http.find(source.hashes_url)
    if content is None:
        return None
    data = read_json(content)
    entry = data.get(source.file_name) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise refused(f"{shown(source.hashes_url)} holds no table of hashes")
    said = entry.get("hash") if isinstance(entry, dict) else entry
    return said.removeprefix("sha256:").strip().lower() if isinstance(said, str) else None
