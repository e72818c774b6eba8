"""The catalogue of the package is the real one, less what is not ours to give."""

from __future__ import annotations

import gzip
import json
from datetime import date

import pytest

from eessi_spawner.errors import CatalogueRefusedError
from eessi_spawner.stack.catalogue.bundled import BUNDLE, make_bundle
from eessi_spawner.stack.catalogue.index import Catalogue


def test_it_has_every_module_with_its_targets_and_extensions(bundled: Catalogue, real: Catalogue) -> None:
    assert [(m.full_name, m.release, m.generation, m.toolchain, m.targets, m.extensions) for m in bundled] == [
        (m.full_name, m.release, m.generation, m.toolchain, m.targets, m.extensions) for m in real
    ]


def test_it_has_no_text_of_eessis(bundled: Catalogue) -> None:
    assert not any(bundled.columns.descriptions)
    assert not any(bundled.columns.homepages)
    assert b"molecular" not in gzip.decompress(BUNDLE.read_bytes()).lower()


def test_it_says_where_it_is_from_and_of_which_day(bundled: Catalogue) -> None:
    said = json.loads(gzip.decompress(BUNDLE.read_bytes()))["provenance"]
    assert said["source"].startswith("EESSI/docs d64aa97f32")
    assert bundled.provenance.day == date(2026, 8, 21)


def test_it_is_small() -> None:
    assert BUNDLE.stat().st_size < 120_000


def test_it_is_what_the_tool_makes_of_the_real_file(real_content: bytes) -> None:
    made, kept = make_bundle(real_content), BUNDLE.read_bytes()
    # Compressors differ from zlib to zlib.
    assert json.loads(gzip.decompress(made)) == json.loads(gzip.decompress(kept))


def test_nothing_is_bundled_of_what_is_no_catalogue() -> None:
    with pytest.raises(CatalogueRefusedError):
        make_bundle(b"{}")
