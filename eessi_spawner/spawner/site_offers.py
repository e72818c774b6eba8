"""Keeps a site's offers: they are made anew only when its settings or the catalogue change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache
from logging import Logger
from pathlib import Path
from typing import Any

from eessi_spawner.spawner.catalogue_offers import catalogue_offers, unknown_modules
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.listed import open_saved_catalogue, resolve_listed
from eessi_spawner.stack.cpu_targets import parse_cpu_target


async def site_offers(entries: Sequence[Any], *, root: str, cpu_target: str, directory: Path, log: Logger) -> Offers:
    """Return what a site offers that lists *entries*; modules that the catalogue does not know are logged once.

    Parameters
    ----------
    cpu_target
        The CPU target that servers are pinned to; empty where they are not.
    directory
        Where the catalogue is saved.
    """
    # The first call reads the catalogue, which takes a good part of a second.
    catalogue = await asyncio.to_thread(open_saved_catalogue, directory)
    return _make(json.dumps(list(entries), default=dict), root, cpu_target, catalogue, log)


@lru_cache(maxsize=64)
def _make(entries: str, root: str, cpu_target: str, catalogue: Catalogue, log: Logger) -> Offers:
    pin = parse_cpu_target(cpu_target) if cpu_target else None
    listed = resolve_listed(json.loads(entries), [pin] if pin else [], lambda: catalogue)
    for sentence in unknown_modules(catalogue, listed):
        log.warning("%s", sentence)
    return catalogue_offers(catalogue, listed, root=root, pin=pin)
