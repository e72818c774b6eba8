"""EESSI's published JSON becomes columns, whatever stands in it."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import CatalogueRefusedError
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.parse import parse_catalogue, parse_day
from tests.unit.stack.catalogue.published import content_of, module_entry, published, small_catalogue, version_entry


def test_the_real_catalogue_is_read_whole_and_without_a_warning(real: Catalogue) -> None:
    assert real.warnings == ()
    assert len(real) == 2295
    assert real.releases == ("2025.06", "2023.06")
    assert sum(real.release(row) == "2023.06" for row in range(len(real))) == 1240
    assert len(real.columns.software) == 784
    assert sum(map(len, real.columns.packages_of)) == 13893


def test_its_timestamp_that_is_no_date_still_tells_the_day(real: Catalogue) -> None:
    assert real.provenance.day == date(2026, 8, 21)


def test_the_genuine_excerpt_is_read_with_load_order_and_accelerators(excerpt: Catalogue) -> None:
    assert excerpt.warnings == ()
    assert len(excerpt) == 18
    module = excerpt.module(excerpt.find("CUDA-Samples/12.1-GCC-12.3.0-CUDA-12.1.1")[0])
    assert module.required == ("GCCcore/12.3.0", "GCC/12.3.0")
    assert module.accelerators["x86_64/amd/zen3"] == ("nvidia/cc70", "nvidia/cc80", "nvidia/cc90")
    assert module.description.startswith("Samples for CUDA Developers")
    assert module.release == "2023.06"


def test_modules_without_toolchain_fit_all_generations_though_the_catalogue_lists_each(real: Catalogue) -> None:
    for name, generation in [("Java/21.0.8", None), ("GCCcore/14.3.0", "2025b"), ("foss/2023a", "2023a")]:
        rows = real.find(name) if name in map(real.columns.full_name, range(len(real))) else []
        assert {real.generation(row) for row in rows} <= {generation}
    llvm = real.find("FFTW/3.3.10-llvm-compilers-20.1.8")[0]
    assert real.generation(llvm) == "2025b"


def test_one_module_of_two_releases_is_there_twice(real: Catalogue) -> None:
    assert [real.release(row) for row in real.find("EasyBuild/5.4.0")] == ["2025.06", "2023.06"]


def test_a_generation_that_no_name_tells_is_taken_from_the_list_if_it_is_one() -> None:
    catalogue = small_catalogue(
        version_entry("A/1-newchain-9", toolchain_families_compatibility=["2027a_foss"]),
        version_entry("B/1", toolchain_families_compatibility=["2027a_foss", "2027b_foss"]),
        version_entry("C/1", toolchain_families_compatibility=["20.1.8_foss"]),
    )
    assert [catalogue.generation(row) for row in range(3)] == ["2027a", None, None]


def test_unknown_fields_are_passed_over_with_one_warning_each() -> None:
    data = published(version_entry("A/1", novelty=1), version_entry("B/1", novelty=2), extra={})
    warnings = parse_catalogue(content_of(data)).warnings
    assert warnings == (
        "the catalogue has a field 'extra' that is not known here",
        "a version has a field 'novelty' that is not known here (2 times)",
    )


def test_unknown_targets_and_releases_of_the_right_shape_are_kept() -> None:
    catalogue = small_catalogue(version_entry("A/1", "2026.06", targets=["aarch64/aws/graviton4"]))
    assert catalogue.warnings == ()
    assert (catalogue.release(0), catalogue.targets(0)) == ("2026.06", ("aarch64/aws/graviton4",))


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"cpu_arch": ["../etc", "x86_64/generic", 7]}, 2),
        ({"gpu_arch": {"x86_64/generic": "nvidia/cc80", "x86_64/amd/zen3": ["accel/nvidia/cc80", 8]}}, 2),
        ({"extensions": [{"type": "Py thon", "name": "x", "version": "1"}]}, 2),
        ({"extensions": [{"type": "python", "name": "\x1b\x07", "version": "1"}]}, 2),
        ({"extensions": [{"name": "x"}, 3, None]}, 2),
        ({"extensions": [{"type": [], "name": "x", "version": "1"}, {"type": "r", "name": 5, "version": {}}]}, 2),
        ({"extensions": "numpy"}, 2),
        ({"extensions": 7}, 1),
        ({"module": {}}, 1),
        ({"module": module_entry("no version")}, 1),
        ({"module": module_entry("--force/1")}, 1),
        ({"required_modules": []}, 1),
        ({"required_modules": [module_entry("EESSI/../../etc")]}, 1),
        ({"cpu_arch": None}, 1),
        ({"toolchain": 5}, 1),
        ({"toolchain": {"name": "foss"}}, 1),
        ({"toolchain": None}, 2),
    ],
)
def test_what_is_shaped_otherwise_is_passed_over_and_the_rest_is_kept(fields: dict[str, Any], kept: int) -> None:
    data = published(version_entry("Good/1"), version_entry("Other/1"))
    data["software"]["Other"]["versions"][0].update(fields)
    parsed = parse_catalogue(content_of(data))
    assert len(parsed.columns) == kept
    assert kept == 2 or parsed.warnings


def test_an_extension_of_no_known_kind_is_kept_beside_those_that_are_none() -> None:
    entry = version_entry("A/1")
    good = {"type": "python", "name": "good", "version": "1"}
    odd = [{"name": "kindless", "version": "2"}, {"type": "Py thon", "name": "other", "version": "3"}]
    entry["extensions"] = [*odd, {"type": "r", "name": ["x"], "version": "1"}, {"type": "r"}, good]
    kept = [(one.kind, one.name, one.version) for one in small_catalogue(entry).module(0).extensions]
    assert kept == [("", "kindless", "2"), ("", "other", "3"), ("python", "good", "1")]


def test_a_module_that_is_listed_twice_counts_once() -> None:
    parsed = parse_catalogue(content_of(published(version_entry("A/1"), version_entry("A/1"))))
    assert len(parsed.columns) == 1
    assert "listed twice" in parsed.warnings[0]


def test_nothing_that_a_terminal_acts_on_passes() -> None:
    evil = "\x1b[31mred\x07\u202e\ud800\nend"
    entry = version_entry("A/1", extensions=[("python", evil, evil)], required=[evil])
    entry["toolchain"] = {"name": evil, "version": evil}
    data = published(entry)
    data["software"]["A"]["description"] = evil
    module = small_catalogue(entry).module(0)
    parsed = parse_catalogue(json.dumps(data).encode())
    for text in (*parsed.columns.descriptions, module.extensions[0].name, module.required[0], module.toolchain):
        assert text.isprintable(), text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b" \n ", "it is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b"<!DOCTYPE html><title>Log in to our Wi-Fi</title>", "it is a web page"),
        (b"\n <html>", "it is a web page"),
        (b'{"timestamp": "2026', "it is not JSON, or not all of it"),
        (b"\xff\xfe\x00", "it is not JSON, or not all of it"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "another shape"),
        (b"null", "another shape"),
        (b'{"software": []}', "another shape"),
        (b'{"software": {}}', "it lists no module"),
        (b'{"software": {"A": 1, "B": {"versions": [{}]}}}', "it lists no module"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(CatalogueRefusedError) as raised:
        parse_catalogue(content)
    assert words in raised.value.message
    assert "stays in use" in raised.value.advice


@pytest.mark.parametrize(
    ("timestamp", "day"),
    [
        ("2026-03-18T02:15:12.970204Z", date(2026, 3, 18)),
        ("d64aa97f32 2026-08-21", date(2026, 8, 21)),
        ("2026-13-45", None),
        ("yesterday", None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_the_day_is_found_wherever_it_stands(timestamp: object, day: date | None) -> None:
    assert parse_day(timestamp) == day


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = list(version_entry("A/1"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=values)
def test_any_json_is_parsed_or_refused(data: object) -> None:
    for whole in (data, {"software": data}, {"software": {"A": data}}, {"software": {"A": {"versions": [data]}}}):
        with contextlib.suppress(CatalogueRefusedError):
            assert len(parse_catalogue(content_of(whole)).columns)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(FIELDS), value=values)
def test_any_value_in_any_field_of_a_version_spoils_at_most_that_version(name: str, value: object) -> None:
    odd = {**version_entry("A/1"), name: value}
    good = version_entry("Good/1")
    data = published(good)
    data["software"]["A"] = {"versions": [odd]}
    parsed = parse_catalogue(content_of(data))
    catalogue = Catalogue(parsed.columns, None)  # type: ignore[arg-type]  # nothing here asks for it
    assert "Good/1" in {module.full_name for module in catalogue}


@given(content=st.binary(max_size=60))
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(CatalogueRefusedError):
        parse_catalogue(content)
