"""Which builds a CPU runs: EESSI's own table, its order and its traps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, detect_chain

AVX512 = "avx2 fma avx512f avx512bw avx512cd avx512dq avx512vl"
X60_K66 = (
    "rv64imafdcv_zicbom_zicboz_zicntr_zicond_zicsr_zifencei_zihintpause_zihpm_zfh_zfhmin_zca_zcd_zba_zbb_zbc"
    "_zbs_zkt_zve32f_zve32x_zve64d_zve64f_zve64x_zvfh_zvfhmin_zvkt_sscofpmf_sstc_svinval_svnapot_svpbmt"
)
X60 = "rv64imafdcv_sscofpmf_sstc_svpbmt_zicbom_zicboz_zicbop_zihintpause"
P550 = "rv64imafdch_zicsr_zifencei_zba_zbb_sscofpmf"

# One row for each line of EESSI's init/arch_specs/*.spec (1.2.0), in its order: the chain of a CPU that
# shows this vendor and only these flags.
TABLE = [
    ("x86_64", "GenuineIntel", "avx2 fma", "intel/haswell"),
    ("x86_64", "GenuineIntel", AVX512, "intel/skylake_avx512 intel/haswell"),
    (
        "x86_64",
        "GenuineIntel",
        f"{AVX512} avx512_vnni",
        "intel/cascadelake intel/skylake_avx512 intel/haswell",
    ),
    (
        "x86_64",
        "GenuineIntel",
        f"{AVX512} avx512_vnni avx512_vbmi2",
        "intel/icelake intel/cascadelake intel/skylake_avx512 intel/haswell",
    ),
    (
        "x86_64",
        "GenuineIntel",
        f"{AVX512} avx512_bf16 amx_tile",
        "intel/sapphirerapids intel/skylake_avx512 intel/haswell",
    ),
    ("x86_64", "AuthenticAMD", "avx2 fma", "amd/zen2"),
    ("x86_64", "AuthenticAMD", "avx2 fma vaes", "amd/zen3 amd/zen2"),
    ("x86_64", "AuthenticAMD", "avx2 fma vaes avx512f avx512ifma", "amd/zen4 amd/zen3 amd/zen2"),
    (
        "x86_64",
        "AuthenticAMD",
        "avx2 fma vaes avx512f avx512ifma avx512_vp2intersect avx_vnni movdiri",
        "amd/zen5 amd/zen4 amd/zen3 amd/zen2",
    ),
    ("aarch64", "0x46", "asimdhp sve", "a64fx"),
    ("aarch64", "ARM", "asimddp", "neoverse_n1"),
    ("aarch64", "0x41", "asimddp", "neoverse_n1"),
    ("aarch64", "ARM", "asimddp svei8mm", "neoverse_v1 neoverse_n1"),
    ("aarch64", "0x41", "asimddp svei8mm", "neoverse_v1 neoverse_n1"),
    ("aarch64", "0x41", "sve2 sm3 sm4 svesm4", "nvidia/grace"),
    ("aarch64", "0x41", "sve2 rng sm3 sm4 svesm4", "google/axion nvidia/grace"),
    ("ppc64le", "", "POWER9", "power9le"),
    ("riscv64", "0x489", P550, "sifive/p550"),
    ("riscv64", "0x710", X60, "spacemit/x60"),
    ("riscv64", "0x710", X60_K66, "spacemit/x60-k6.6"),
]
rows = pytest.mark.parametrize(("machine", "vendor", "flags", "names"), TABLE)


def cpuinfo(machine: str, vendor: str, flags: str) -> str:
    """Write `/proc/cpuinfo` as a kernel of this machine type does, for one CPU."""
    arm_by_name = machine == "aarch64" and vendor == "ARM"
    fields = {
        "x86_64": ("vendor_id", "flags"),
        "aarch64": ("vendor_id", "flags") if arm_by_name else ("CPU implementer", "Features"),
        "ppc64le": ("revision", "cpu"),
        "riscv64": ("mvendorid", "isa"),
    }[machine]
    return f"processor\t: 0\n{fields[0]}\t: {vendor}\n{fields[1]}\t\t: {flags}\nbogomips\t: 48.00\n\n"


def chain_of(machine: str, vendor: str, flags: str) -> list[str]:
    return [target.path for target in detect_chain(cpuinfo(machine, vendor, flags), machine)]


def expected(machine: str, names: str) -> list[str]:
    return [f"{machine}/{name}" for name in (*names.split(), "generic")]


@rows
def test_a_cpu_with_just_the_flags_of_a_row_gets_its_target_and_those_it_includes(
    machine: str, vendor: str, flags: str, names: str
) -> None:
    assert chain_of(machine, vendor, flags) == expected(machine, names)


@rows
def test_a_cpu_that_lacks_any_one_flag_of_a_row_does_not_get_its_target(
    machine: str, vendor: str, flags: str, names: str
) -> None:
    target = expected(machine, names)[0]
    for flag in flags.split():
        rest = " ".join(other for other in flags.split() if other != flag)
        assert target not in chain_of(machine, vendor, rest)


@rows
def test_another_flag_that_merely_begins_alike_does_not_count(
    machine: str, vendor: str, flags: str, names: str
) -> None:
    near = " ".join(f"{flag}x" for flag in flags.split())
    assert expected(machine, names)[0] not in chain_of(machine, vendor, near)


def test_the_rules_are_the_rows_in_the_same_order() -> None:
    rules = [
        (machine, rule.vendor, rule.flags, rule.target)
        for machine in DETECTION_RULES
        for rule in DETECTION_RULES[machine]
    ]
    assert rules == [
        (machine, vendor, tuple(flags.split()), expected(machine, names)[0]) for machine, vendor, flags, names in TABLE
    ]


@pytest.mark.parametrize("machine", DETECTION_RULES)
def test_a_special_target_stands_after_each_more_general_one(machine: str) -> None:
    rules = DETECTION_RULES[machine]
    for position, rule in enumerate(rules):
        for later in rules[position + 1 :]:
            assert rule.vendor != later.vendor or not set(later.flags) < set(rule.flags)


LINEAGES = [
    ("x86_64", "GenuineIntel", "haswell skylake_avx512 cascadelake icelake sapphirerapids"),
    ("x86_64", "AuthenticAMD", "zen2 zen3 zen4 zen5"),
    ("aarch64", "0x41", "neoverse_n1 neoverse_v1 grace axion"),
    ("aarch64", "ARM", "neoverse_n1 neoverse_v1"),
]


@pytest.mark.parametrize(
    ("machine", "vendor", "lineage"),
    [
        (machine, vendor, " ".join(names.split()[:length]))
        for machine, vendor, names in LINEAGES
        for length in range(1, len(names.split()) + 1)
    ],
)
def test_the_chain_of_a_named_target_is_what_detection_gives_a_cpu_that_has_all_before_it(
    machine: str, vendor: str, lineage: str
) -> None:
    included = [
        rule
        for rule in DETECTION_RULES[machine]
        if rule.vendor == vendor and rule.target.rpartition("/")[2] in lineage.split()
    ]
    flags = " ".join(flag for rule in included for flag in rule.flags)
    detected = detect_chain(cpuinfo(machine, vendor, flags), machine)
    assert len(detected) == len(lineage.split()) + 1
    assert CpuTarget(included[-1].target).fallback_chain == detected


# What real CPUs show of the flags that matter (facts: EESSI's tests/archdetect and its issues).
TRAPS = {
    "Zen 1 gets zen2 builds": ("x86_64", "AuthenticAMD", "sse4_2 avx avx2 fma sha_ni clzero", "amd/zen2"),
    "a virtual machine that hides AVX2 gets generic": ("x86_64", "AuthenticAMD", "sse4_2 vaes", ""),
    "a virtual machine that hides FMA gets generic": ("x86_64", "GenuineIntel", "avx2 avx512f avx512vl", ""),
    "Hygon gets generic": ("x86_64", "HygonGenuine", "avx2 fma vaes", ""),
    "Intel's client CPUs get haswell": (
        "x86_64",
        "GenuineIntel",
        "avx2 fma vaes avx_vnni movdiri",
        "intel/haswell",
    ),
    "AMD's CPUs never get Intel's AVX-512 builds": (
        "x86_64",
        "AuthenticAMD",
        f"{AVX512} avx512_vnni avx512_vbmi2",
        "amd/zen2",
    ),
    "a Sapphire Rapids whose AMX is hidden is an Ice Lake": (
        "x86_64",
        "GenuineIntel",
        f"{AVX512} avx512_vnni avx512_vbmi2 avx512_bf16",
        "intel/icelake intel/cascadelake intel/skylake_avx512 intel/haswell",
    ),
    "a Graviton 2 shows its features": ("aarch64", "0x41", "asimdhp asimddp ssbs", "neoverse_n1"),
    "a Grace is a neoverse_v1 too": (
        "aarch64",
        "0x41",
        "asimdhp asimddp sve sve2 svei8mm sm3 sm4 svesm4",
        "nvidia/grace neoverse_v1 neoverse_n1",
    ),
    "an Axion is a Grace with a random number generator": (
        "aarch64",
        "0x41",
        "asimdhp asimddp sve sve2 svei8mm sm3 sm4 svesm4 rng",
        "google/axion nvidia/grace neoverse_v1 neoverse_n1",
    ),
    "an Arm CPU of a vendor EESSI does not list counts as one of Arm's": (
        "aarch64",
        "0xc0",
        "asimdhp asimddp",
        "neoverse_n1",
    ),
    "a Fujitsu CPU never gets Arm's builds": ("aarch64", "0x46", "asimddp svei8mm asimdhp sve", "a64fx"),
    "POWER9 is found among other words": ("ppc64le", "2.2", "POWER9 (architected), altivec", "power9le"),
    "POWER10 gets generic": ("ppc64le", "2.0", "POWER10 (architected), altivec supported", ""),
}


@pytest.mark.parametrize(("machine", "vendor", "flags", "names"), TRAPS.values(), ids=TRAPS)
def test_a_trap(machine: str, vendor: str, flags: str, names: str) -> None:
    assert chain_of(machine, vendor, flags) == expected(machine, names)


def test_where_cpus_differ_the_last_one_counts() -> None:
    zen4 = cpuinfo("x86_64", "AuthenticAMD", "avx2 fma vaes avx512f avx512ifma")
    zen2 = cpuinfo("x86_64", "AuthenticAMD", "avx2 fma")
    assert detect_chain(zen4 + zen2, "x86_64")[0] == CpuTarget("x86_64/amd/zen2")
    assert detect_chain(zen2 + zen4, "x86_64")[0] == CpuTarget("x86_64/amd/zen4")


def test_arms_vendor_id_makes_flags_count_and_features_not() -> None:
    by_flags = "vendor_id : ARM\nflags : asimddp svei8mm\nFeatures : fp\n"
    by_features = "vendor_id : ARM\nflags : fp\nFeatures : asimddp svei8mm\n"
    assert detect_chain(by_flags, "aarch64")[0] == CpuTarget("aarch64/neoverse_v1")
    assert detect_chain(by_features, "aarch64")[0] == CpuTarget("aarch64/generic")


def test_an_arm_cpu_without_any_vendor_counts_as_one_of_arms() -> None:
    assert detect_chain("Features : asimddp\n", "aarch64")[0] == CpuTarget("aarch64/neoverse_n1")


@pytest.mark.parametrize("vendor_field", ["vendor_id", "Vendor ID", "VENDOR_ID", "vendor id"])
@pytest.mark.parametrize("flags_field", ["flags", "Flags", "FLAGS"])
def test_fields_are_found_however_they_are_written(vendor_field: str, flags_field: str) -> None:
    text = f"{vendor_field}:      AuthenticAMD\n{flags_field}:   avx2 fma\n"
    assert detect_chain(text, "x86_64")[0] == CpuTarget("x86_64/amd/zen2")


@pytest.mark.parametrize("text", ["", "\n\n", "vendor_id : AuthenticAMD\n", "flags : avx2 fma\n", "flags\n:\n"])
@pytest.mark.parametrize("machine", ["x86_64", "ppc64le", "riscv64"])
def test_text_without_vendor_or_flags_gives_generic(text: str, machine: str) -> None:
    assert detect_chain(text, machine) == (CpuTarget(f"{machine}/generic"),)


@pytest.mark.parametrize("machine", ["", "i686", "s390x", "X86_64", "arm64", "../x86_64", "x" * 5000])
def test_a_machine_type_that_eessi_does_not_build_for_is_refused(machine: str) -> None:
    with pytest.raises(InvalidChoiceError) as refused:
        detect_chain("", machine)
    assert len(str(refused.value)) < 400


machines = st.sampled_from(sorted(DETECTION_RULES))
all_flags = sorted({flag for rules in DETECTION_RULES.values() for rule in rules for flag in rule.flags})
vendors = st.sampled_from(sorted({rule.vendor for rules in DETECTION_RULES.values() for rule in rules}))
flag_sets = st.frozensets(st.sampled_from(all_flags))
keys = st.sampled_from(
    ["vendor_id", "Vendor ID", "CPU implementer", "mvendorid", "flags", "Features", "cpu", "isa", ""]
)
values = st.text() | vendors | flag_sets.map(" ".join)
lines = st.tuples(keys, st.sampled_from([":", "\t: ", " ", "::"]), values).map("".join)


@given(text=st.text() | st.lists(lines).map("\n".join), machine=machines)
def test_any_text_gives_a_chain_that_ends_with_generic(text: str, machine: str) -> None:
    chain = detect_chain(text, machine)
    assert chain[-1] == CpuTarget(f"{machine}/generic")
    assert len(set(chain)) == len(chain)
    assert {target.path for target in chain[:-1]} <= {rule.target for rule in DETECTION_RULES[machine]}


@given(machine=machines, vendor=vendors, fewer=flag_sets, more=flag_sets)
def test_more_flags_never_take_a_target_away(
    machine: str, vendor: str, fewer: frozenset[str], more: frozenset[str]
) -> None:
    before = chain_of(machine, vendor, " ".join(fewer))
    after = chain_of(machine, vendor, " ".join(fewer | more))
    assert [path for path in after if path in before] == before


@given(machine=machines, vendor=vendors, flags=st.lists(st.sampled_from(all_flags)))
def test_the_order_of_flags_does_not_matter(machine: str, vendor: str, flags: list[str]) -> None:
    assert chain_of(machine, vendor, " ".join(flags)) == chain_of(machine, vendor, " ".join(sorted(set(flags))))
