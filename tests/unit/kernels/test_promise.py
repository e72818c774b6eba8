"""A promise of a CPU target is called broken only where the CPU surely does not run its builds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.kernels import promise
from eessi_spawner.kernels.promise import built_for, is_broken, mismatch, read_seen
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, DetectionRule, detect_chain

ZEN3 = ("x86_64/amd/zen3", "x86_64/amd/zen2", "x86_64/generic")
N1 = ("aarch64/neoverse_n1", "aarch64/generic")
X60 = ("riscv64/spacemit/x60-k6.6", "riscv64/generic")


@pytest.mark.parametrize(
    ("promised", "seen"),
    [
        ("x86_64/amd/zen4", ZEN3),
        ("x86_64/intel/haswell", ZEN3),
        ("aarch64/generic", ZEN3),
        ("x86_64/amd/zen2", ("x86_64/generic",)),
        ("aarch64/neoverse_v1", N1),
        ("aarch64/a64fx", N1),
        ("x86_64/generic", N1),
        ("aarch64/generic", X60),
    ],
)
def test_builds_for_a_newer_or_another_cpu_break_the_promise(promised: str, seen: tuple[str, ...]) -> None:
    assert is_broken(promised, seen)


@pytest.mark.parametrize(
    ("promised", "seen"),
    [
        ("x86_64/amd/zen3", ZEN3),
        ("x86_64/amd/zen2", ZEN3),
        ("x86_64/generic", ZEN3),
        ("aarch64/neoverse_n1", N1),
        # Nothing was promised, or the CPU was not seen.
        ("", ZEN3),
        ("x86_64/amd/zen4", ()),
        # EESSI builds for them, and its table has no line for them.
        ("aarch64/aws/graviton4", N1),
        ("x86_64/intel/graniterapids", ZEN3),
        # One CPU, which two kernels describe in different words; and one that is newer than the table.
        ("riscv64/spacemit/x60", X60),
        ("ppc64le/power9le", ("ppc64le/generic",)),
    ],
)
def test_where_the_table_cannot_tell_the_promise_counts_as_kept(promised: str, seen: tuple[str, ...]) -> None:
    assert not is_broken(promised, seen)


@given(st.sampled_from([(machine, rule) for machine, rules in DETECTION_RULES.items() for rule in rules]))
def test_no_cpu_breaks_a_promise_of_what_is_detected_on_it(line: tuple[str, DetectionRule]) -> None:
    machine, rule = line
    cpuinfo = f"vendor_id : {rule.vendor}\nflags : {' '.join(rule.flags)}\nFeatures : {' '.join(rule.flags)}"
    seen = [target.path for target in detect_chain(cpuinfo, machine)]
    assert not any(is_broken(target, seen) for target in seen)


@pytest.mark.parametrize(
    ("release", "promised", "built"),
    [
        ("2023.06", "x86_64/amd/zen5", "x86_64/amd/zen4"),
        ("2025.06", "x86_64/amd/zen5", "x86_64/amd/zen5"),
        ("2025.06", "aarch64/google/axion", "aarch64/nvidia/grace"),
        ("2025.06", "x86_64/made/up", "x86_64/generic"),
        ("2099.01", "x86_64/amd/zen5", "x86_64/amd/zen5"),
    ],
)
def test_what_counts_is_what_eessi_has_built(release: str, promised: str, built: str) -> None:
    assert built_for(release, CpuTarget(promised).fallback_chain) == CpuTarget(built)


def test_the_error_names_promise_node_and_cpu_and_the_way_out() -> None:
    error = mismatch("x86_64/amd/zen4", ZEN3, "node-7")
    assert error.code == "cpu_mismatch"
    assert "promised builds for x86_64/amd/zen4" in error.message
    assert "the CPU of node-7 runs at most x86_64/amd/zen3" in error.message
    assert "Illegal instruction" in error.message
    assert "start it again" in error.advice
    assert "labels" in error.advice


@pytest.mark.parametrize(
    ("text", "machine", "seen"),
    [
        ("vendor_id : AuthenticAMD\nflags : avx2 fma vaes\n", "x86_64", ZEN3),
        ("vendor_id : AuthenticAMD\nflags : sse2\n", "x86_64", ("x86_64/generic",)),
        ("CPU implementer : 0x41\nFeatures : asimddp\n", "aarch64", N1),
        ("vendor_id : ARM\nflags : asimddp\n", "aarch64", N1),
        ("mvendorid : 0x1\nisa : rv64imafdc\n", "riscv64", ("riscv64/generic",)),
        # A file that hides what the CPU can do, and a machine that EESSI does not build for, tell nothing.
        ("vendor_id : AuthenticAMD\nmodel name : secret\n", "x86_64", ()),
        ("processor : 0\n", "aarch64", ()),
        ("", "riscv64", ()),
        ("flags : avx2\n", "s390x", ()),
        (None, "x86_64", ()),
    ],
)
def test_a_cpu_is_seen_only_where_cpuinfo_tells_it(
    text: str | None, machine: str, seen: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promise, "CPUINFO", tmp_path / "cpuinfo")
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
    assert read_seen(machine) == seen
