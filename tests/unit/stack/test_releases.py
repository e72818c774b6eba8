"""Where the parts of a release lie, and what it was built for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, parse_cpu_target
from eessi_spawner.stack.releases import (
    PUBLISHED_TARGETS,
    Release,
    best_published_target,
    known_targets,
    parse_release,
)

ZEN5 = CpuTarget("x86_64/amd/zen5").fallback_chain
AXION = CpuTarget("aarch64/google/axion").fallback_chain


@pytest.mark.parametrize("version", ["2023.06", "2025.06", "2026.06", "2025.06-001"])
def test_a_version_is_taken_as_eessi_writes_it(version: str) -> None:
    assert parse_release(version) == version


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "2025.6",
        "2025.06.1",
        "2025.06-1",
        "2025.06-0001",
        "2025.06\n",
        " 2025.06",
        "v2025.06",
        "2025-06",
        "20240402",
        "..",
        "../2025.06",
        "2025.06/..",
        "2025.06 ",
        "\u0662\u0660\u0662\u0665.\u0660\u0666",
        "2025.06;id",
        "-2025.06",
        "2025.06" * 100,
    ],
)
def test_what_is_not_a_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidChoiceError):
        parse_release(text)


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}[.][0-9]{2}(-[0-9]{3})?"))
def test_any_text_is_a_version_or_an_invalid_choice(text: str) -> None:
    try:
        version = parse_release(text)
    except InvalidChoiceError:
        return
    assert version == text
    assert set(version) <= set("0123456789.-")


def test_the_parts_of_a_release_lie_where_eessi_has_them() -> None:
    release = Release("2025.06")
    target = CpuTarget("x86_64/amd/zen3")
    prefix = "/cvmfs/software.eessi.io/versions/2025.06"
    assert str(release.prefix) == prefix
    assert str(release.target_directory(target)) == f"{prefix}/software/linux/x86_64/amd/zen3"
    assert str(release.lmod("aarch64")) == f"{prefix}/compat/linux/aarch64/usr/share/Lmod/libexec/lmod"
    assert str(release.module_root) == "/cvmfs/software.eessi.io/init/modules"
    assert release.eessi_module == "EESSI/2025.06"


def test_all_parts_move_with_the_root() -> None:
    release = Release("2023.06", "/srv/sample")
    target = CpuTarget("x86_64/generic")
    for part in (
        release.prefix,
        release.module_root,
        release.lmod("x86_64"),
        release.target_directory(target),
    ):
        assert part.is_relative_to("/srv/sample")


@pytest.mark.parametrize(
    ("version", "chain", "best"),
    [
        ("2025.06", ZEN5, "x86_64/amd/zen5"),
        ("2023.06", ZEN5, "x86_64/amd/zen4"),
        ("2023.06", AXION, "aarch64/nvidia/grace"),
        ("2025.06", AXION, "aarch64/nvidia/grace"),
        ("2025.06", CpuTarget("aarch64/a64fx").fallback_chain, "aarch64/a64fx"),
        ("2025.06", CpuTarget("x86_64/intel/graniterapids").fallback_chain, "x86_64/generic"),
        ("2031.06", ZEN5, "x86_64/generic"),
        ("2025.06", CpuTarget("ppc64le/power9le").fallback_chain, "ppc64le/generic"),
    ],
)
def test_the_best_published_target_is_the_first_of_the_chain_that_eessi_builds(
    version: str, chain: tuple[CpuTarget, ...], best: str
) -> None:
    assert best_published_target(version, chain) == CpuTarget(best)


@pytest.mark.parametrize(("version", "count"), [("2023.06", 14), ("2025.06", 15)])
def test_as_many_targets_are_published_as_eessi_documents(version: str, count: int) -> None:
    assert len(set(PUBLISHED_TARGETS[version])) == len(PUBLISHED_TARGETS[version]) == count


@pytest.mark.parametrize("version", sorted(PUBLISHED_TARGETS))
def test_all_that_is_published_can_be_named(version: str) -> None:
    assert parse_release(version) == version
    assert all(parse_cpu_target(path).path == path for path in PUBLISHED_TARGETS[version])
    assert {"x86_64/generic", "aarch64/generic"} <= set(PUBLISHED_TARGETS[version])


def test_all_that_is_detected_or_published_is_known_once() -> None:
    known = known_targets()
    assert len(set(known)) == len(known)
    assert {CpuTarget(path) for paths in PUBLISHED_TARGETS.values() for path in paths} < set(known)
    assert {CpuTarget(rule.target).generic for rules in DETECTION_RULES.values() for rule in rules} < set(known)
    assert CpuTarget("aarch64/google/axion") in known
