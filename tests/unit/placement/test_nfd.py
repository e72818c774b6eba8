"""Node Feature Discovery, by our rules, finds what EESSI's own detection finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.nfd import nfd_flag, node_feature_rule
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, detect_chain
from tests.unit.placement.nfd_evaluator import Features, expression_matches, labels_from, term_matches
from tests.unit.stack.test_cpu_targets import TABLE, cpuinfo

LABELS = Labels()
RULE = node_feature_rule(LABELS)

# All that the rules name, as klauspost/cpuid (`cpuid.go`, v2.2.4 to v2.3.0) and Node Feature Discovery's own
# `source/cpu/cpuid_linux_arm64.go` (v0.13 to v0.19) write it, with the name of the kernel.
NAMES = {
    "x86_64": {
        "avx2": "AVX2",
        "fma": "FMA3",
        "avx512f": "AVX512F",
        "avx512bw": "AVX512BW",
        "avx512cd": "AVX512CD",
        "avx512dq": "AVX512DQ",
        "avx512vl": "AVX512VL",
        "avx512_vnni": "AVX512VNNI",
        "avx512_vbmi2": "AVX512VBMI2",
        "avx512_bf16": "AVX512BF16",
        "amx_tile": "AMXTILE",
        "vaes": "VAES",
        "avx512ifma": "AVX512IFMA",
        "avx512_vp2intersect": "AVX512VP2INTERSECT",
        "avx_vnni": "AVXVNNI",
        "movdiri": "MOVDIRI",
    },
    "aarch64": {
        name: name.upper() for name in ("asimdhp", "sve", "asimddp", "svei8mm", "sve2", "sm3", "sm4", "svesm4", "rng")
    },
}
VENDORS = {
    "x86_64": {
        "GenuineIntel": "Intel",
        "AuthenticAMD": "AMD",
        "HygonGenuine": "Hygon",
        "CentaurHauls": "VIA",
        "SomeoneElse": "VendorUnknown",
    },
    "aarch64": {
        "0x41": "ARM",
        "0x46": "Fujitsu",
        "0xc0": "Ampere",
        "0x4e": "NVIDIA",
        "0x51": "Qualcomm",
        "0x61": "VendorUnknown",
    },
}
BASE = {"x86_64": ("SSE2", "X87"), "aarch64": ("FP", "ASIMD")}


def features(machine: str, vendor: str, flags: list[str]) -> Features:
    """Return what Node Feature Discovery finds on a CPU whose kernel shows this."""
    found = [*BASE[machine], *(NAMES[machine][flag] for flag in flags)]
    return {"cpu.model": {"vendor_id": VENDORS[machine][vendor]}, "cpu.cpuid": dict.fromkeys(found)}


def assert_same(machine: str, vendor: str, flags: list[str]) -> None:
    chain = detect_chain(cpuinfo(machine, vendor, " ".join(flags)), machine)
    assert labels_from(RULE, features(machine, vendor, flags)) == LABELS.labels_of(chain)


# No kernel writes the vendor "ARM": lscpu does, and EESSI's script reads its output too.
@pytest.mark.parametrize(
    ("machine", "vendor", "flags"), [row[:3] for row in TABLE if row[0] in NAMES and row[1] != "ARM"]
)
def test_each_row_of_eessis_table_gets_the_labels_of_its_chain(machine: str, vendor: str, flags: str) -> None:
    assert_same(machine, vendor, flags.split())


@given(st.data())
def test_any_cpu_of_any_vendor_gets_the_labels_of_its_chain(data: st.DataObject) -> None:
    machine = data.draw(st.sampled_from(sorted(NAMES)))
    vendor = data.draw(st.sampled_from(sorted(VENDORS[machine])))
    # Whole rows and single flags: single ones alone would rarely make a row.
    rows = [rule.flags for rule in DETECTION_RULES[machine]]
    drawn = data.draw(st.lists(st.sampled_from(rows), max_size=3))
    more = data.draw(st.lists(st.sampled_from(sorted(NAMES[machine]))))
    without = data.draw(st.lists(st.sampled_from(sorted(NAMES[machine])), max_size=2))
    flags = sorted({flag for row in [*drawn, more] for flag in row} - set(without))
    assert_same(machine, vendor, flags)


def test_flags_are_written_as_node_feature_discovery_writes_them() -> None:
    for machine, names in NAMES.items():
        assert {flag for rule in DETECTION_RULES[machine] for flag in rule.flags} == set(names)
        assert {flag: nfd_flag(flag) for flag in names} == names


def test_a_machine_of_another_type_gets_no_labels() -> None:
    assert labels_from(RULE, {"cpu.model": {"vendor_id": "VendorUnknown"}, "cpu.cpuid": {}}) == {}


def test_each_target_of_the_two_machine_types_has_a_rule_with_a_name_of_its_own() -> None:
    names = [rule["name"] for rule in RULE["spec"]["rules"]]
    targets = {rule.target for machine in NAMES for rule in DETECTION_RULES[machine]}
    assert len(names) == len(set(names))
    assert set(names) == targets | {"x86_64/generic", "aarch64/generic"}


def test_the_prefix_is_the_sites() -> None:
    rule = node_feature_rule(Labels("hpc.example.org"))
    found = labels_from(rule, features("x86_64", "AuthenticAMD", ["avx2", "fma"]))
    assert found == Labels("hpc.example.org").labels_of([CpuTarget("x86_64/amd/zen2"), CpuTarget("x86_64/generic")])


@pytest.mark.parametrize(
    ("op", "exists", "value", "matches"),
    [
        ("Exists", True, None, True),
        ("Exists", False, None, False),
        ("DoesNotExist", True, None, False),
        ("DoesNotExist", False, None, True),
        ("In", True, "a", True),
        ("In", True, "b", False),
        ("In", False, None, False),
        ("NotIn", True, "a", False),
        ("NotIn", True, "b", True),
        # `evaluateMatchExpression` compares only what is there.
        ("NotIn", False, None, False),
    ],
)
def test_the_evaluator_does_as_expression_go(op: str, exists: bool, value: str | None, matches: bool) -> None:  # noqa: FBT001
    expression = {"op": op, "value": ["a"]} if op in ("In", "NotIn") else {"op": op}
    assert expression_matches(expression, exists, value) is matches


def test_the_evaluator_matches_nothing_of_a_feature_that_was_not_found() -> None:
    assert not term_matches({"feature": "cpu.model", "matchExpressions": {"id": {"op": "DoesNotExist"}}}, {})
