"""Which names of CPU targets are taken, and what a target says of itself."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, parse_cpu_target
from eessi_spawner.stack.releases import Release

DETECTED = sorted({rule.target for rules in DETECTION_RULES.values() for rule in rules})


@pytest.mark.parametrize("path", [*DETECTED, "x86_64/generic", "aarch64/aws/graviton4", "x86_64/intel/new_one"])
def test_a_target_is_taken_as_eessi_writes_it_known_or_not(path: str) -> None:
    assert str(parse_cpu_target(path)) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "x86_64",
        "x86_64/",
        "/x86_64/generic",
        "x86_64//zen3",
        "x86_64/amd/zen3/",
        "x86_64/amd/zen3/accel",
        "X86_64/AMD/Zen3",
        "x86_64/amd/zen3\n",
        " x86_64/amd/zen3",
        "x86_64/amd/zen3:x86_64/generic",
        "x86_64/amd/zen 3",
        "x86_64/amd/$zen",
        "x86_64/..",
        "x86_64/../..",
        "x86_64/amd/..",
        "x86_64/.",
        "x86_64/./zen3",
        "x86_64/-rf",
        "../x86_64/generic",
        "x86_64/" + "a" * 100,
    ],
)
def test_what_is_not_a_target_is_refused(text: str) -> None:
    with pytest.raises(InvalidChoiceError):
        parse_cpu_target(text)


@given(st.text(max_size=20) | st.text(st.sampled_from("xz08_.-/ :\n"), max_size=14))
def test_any_text_is_a_target_inside_its_release_or_an_invalid_choice(text: str) -> None:
    try:
        target = parse_cpu_target(text)
    except InvalidChoiceError:
        return
    directory = Release("2025.06").target_directory(target)
    assert ".." not in directory.parts
    assert directory.relative_to(Release("2025.06").prefix / "software" / "linux") == PurePosixPath(text)


def test_the_machine_type_is_the_first_part() -> None:
    assert CpuTarget("aarch64/nvidia/grace").machine == "aarch64"
    assert CpuTarget("aarch64/nvidia/grace").generic == CpuTarget("aarch64/generic")


@pytest.mark.parametrize(
    ("path", "chain"),
    [
        ("x86_64/generic", "x86_64/generic"),
        ("x86_64/intel/haswell", "x86_64/intel/haswell x86_64/generic"),
        (
            "x86_64/intel/cascadelake",
            "x86_64/intel/cascadelake x86_64/intel/skylake_avx512 x86_64/intel/haswell x86_64/generic",
        ),
        (
            "x86_64/amd/zen5",
            "x86_64/amd/zen5 x86_64/amd/zen4 x86_64/amd/zen3 x86_64/amd/zen2 x86_64/generic",
        ),
        (
            "aarch64/nvidia/grace",
            "aarch64/nvidia/grace aarch64/neoverse_v1 aarch64/neoverse_n1 aarch64/generic",
        ),
        ("aarch64/a64fx", "aarch64/a64fx aarch64/generic"),
        ("ppc64le/power9le", "ppc64le/power9le ppc64le/generic"),
        ("riscv64/spacemit/x60-k6.6", "riscv64/spacemit/x60-k6.6 riscv64/generic"),
        ("x86_64/intel/graniterapids", "x86_64/intel/graniterapids x86_64/generic"),
        ("sparc64/m8", "sparc64/m8 sparc64/generic"),
    ],
)
def test_a_target_falls_back_within_its_family_and_then_to_generic(path: str, chain: str) -> None:
    assert [target.path for target in CpuTarget(path).fallback_chain] == chain.split()


@pytest.mark.parametrize("path", DETECTED)
def test_a_chain_never_names_a_target_twice(path: str) -> None:
    chain = CpuTarget(path).fallback_chain
    assert chain[0] == CpuTarget(path)
    assert len(set(chain)) == len(chain)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x86_64/amd/zen3", "zen3"),
        ("aarch64/a64fx", "a64fx"),
        ("riscv64/spacemit/x60-k6.6", "x60-k6.6"),
        ("x86_64/generic", "generic x86_64"),
    ],
)
def test_a_target_has_a_short_name(path: str, name: str) -> None:
    assert CpuTarget(path).short_name == name


@pytest.mark.parametrize(
    ("cpu", "builds", "expected"),
    [
        ("x86_64/amd/zen4", "x86_64/amd/zen4", True),
        ("x86_64/amd/zen4", "x86_64/amd/zen2", True),
        ("x86_64/amd/zen4", "x86_64/generic", True),
        ("x86_64/amd/zen2", "x86_64/amd/zen4", False),
        ("x86_64/amd/zen4", "x86_64/intel/haswell", False),
        ("aarch64/a64fx", "aarch64/neoverse_n1", False),
        ("x86_64/intel/new_one", "x86_64/generic", True),
    ],
)
def test_a_cpu_runs_what_is_in_its_chain(cpu: str, builds: str, *, expected: bool) -> None:
    assert CpuTarget(cpu).runs(CpuTarget(builds)) is expected
