"""The catalogue that comes with the package, for use where nothing can be downloaded.

Names, versions, toolchains, targets and extensions only: facts. EESSI's descriptions are under another licence
and stay out. `tools/bundle-catalogue` makes it from a published file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import date
from pathlib import Path

from eessi_spawner.stack.catalogue.builder import clean_text
from eessi_spawner.stack.catalogue.columns import Columns
from eessi_spawner.stack.catalogue.entry import Provenance
from eessi_spawner.stack.catalogue.index import BUNDLED, Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue, read_json

BUNDLE = Path(__file__).with_name("bundled.json.gz")


def bundled_catalogue(path: Path = BUNDLE, warnings: tuple[str, ...] = ()) -> Catalogue:
    """Load the catalogue of the package.

    Raises
    ------
    OSError
        If the package's file is missing: it was installed without its data.
    """
    data = json.loads(gzip.decompress(path.read_bytes()))
    said = data["provenance"]
    day = date.fromisoformat(said["day"]) if said["day"] else None
    return Catalogue(Columns.from_json(data["columns"]), Provenance(BUNDLED, day, said["sha256"]), warnings)


def make_bundle(content: bytes) -> bytes:
    """Return the package's file for the published file *content*.

    Raises
    ------
    CatalogueRefusedError
        If it is no catalogue.
    """
    parsed = parse_catalogue(content)
    columns = parsed.columns.to_json()
    columns["descriptions"] = columns["homepages"] = [""] * len(parsed.columns.software)
    # Load orders are long, and what they say follows from generations.
    columns["required_names"], columns["required_of"] = [], [[] for _ in range(len(parsed.columns))]
    said = read_json(content)
    data = {
        "provenance": {
            "about": "Names, versions, toolchains, targets and extensions of EESSI's modules",
            "source": clean_text(said.get("provenance")) or "eessi_api_metadata_software.json, published by EESSI",
            "timestamp": clean_text(said.get("timestamp")),
            "day": parsed.day.isoformat() if parsed.day else "",
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "columns": columns,
    }
    return gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 9, mtime=0)
