"""CPU targets: the directories EESSI builds for, and which of them a CPU can run.

The rules are those of EESSI's own detection script (`init/eessi_archdetect.sh` 1.2.0 and its
`arch_specs/*.spec`), kept as data so that one table serves the detection in a pod and node labels alike.
archspec is not used: it is stricter, and drops a generation on virtual machines that hide one flag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from eessi_spawner.errors import InvalidChoiceError

_TARGET = re.compile(r"[a-z0-9_]+(/[a-z0-9_][a-z0-9_.-]*){1,2}")


@dataclass(frozen=True, order=True)
class CpuTarget:
    """A directory below `software/linux` of a release, such as `x86_64/amd/zen3`."""

    path: str

    def __str__(self) -> str:
        return self.path

    @property
    def machine(self) -> str:
        """The machine type, as `uname -m` prints it."""
        return self.path.partition("/")[0]

    @property
    def generic(self) -> CpuTarget:
        """The target that every CPU of this machine type runs."""
        return CpuTarget(f"{self.machine}/generic")

    @property
    def short_name(self) -> str:
        """What people call it: `zen3`, `generic x86_64`."""
        name = self.path.rpartition("/")[2]
        return f"generic {self.machine}" if name == "generic" else name

    @property
    def fallback_chain(self) -> tuple[CpuTarget, ...]:
        """The target itself and those that its CPUs run as well, best first, `generic` last."""
        return _fallback_chain(self)

    def runs(self, other: CpuTarget) -> bool:
        """Say whether CPUs of this target run what is built for *other*."""
        return other in self.fallback_chain


@lru_cache(maxsize=1024)
def _fallback_chain(target: CpuTarget) -> tuple[CpuTarget, ...]:
    rules = DETECTION_RULES.get(target.machine, ())
    family = next((rule.family for rule in rules if rule.target == target.path), "")
    lineage = [rule.target for rule in rules if family and rule.family == family]
    older = lineage[: lineage.index(target.path)] if lineage else []
    return tuple(dict.fromkeys([target, *map(CpuTarget, reversed(older)), target.generic]))


@dataclass(frozen=True)
class DetectionRule:
    """One line of EESSI's table: a target, and the vendor and flags that a CPU must show for it.

    `family` names a line of CPUs in which each runs all that the earlier ones run; empty where none does.
    """

    target: str
    vendor: str
    flags: tuple[str, ...]
    family: str = ""


def _rules(family: str, *lines: tuple[str, str, str]) -> tuple[DetectionRule, ...]:
    return tuple(DetectionRule(target, vendor, tuple(flags.split()), family) for target, vendor, flags in lines)


_AVX512 = "avx2 fma avx512f avx512bw avx512cd avx512dq avx512vl"

# Order matters: of the rules that match, the last one is the best.
DETECTION_RULES: dict[str, tuple[DetectionRule, ...]] = {
    "x86_64": (
        *_rules(
            "intel",
            ("x86_64/intel/haswell", "GenuineIntel", "avx2 fma"),
            ("x86_64/intel/skylake_avx512", "GenuineIntel", _AVX512),
            ("x86_64/intel/cascadelake", "GenuineIntel", f"{_AVX512} avx512_vnni"),
            ("x86_64/intel/icelake", "GenuineIntel", f"{_AVX512} avx512_vnni avx512_vbmi2"),
            ("x86_64/intel/sapphirerapids", "GenuineIntel", f"{_AVX512} avx512_bf16 amx_tile"),
        ),
        *_rules(
            "amd",
            ("x86_64/amd/zen2", "AuthenticAMD", "avx2 fma"),
            ("x86_64/amd/zen3", "AuthenticAMD", "avx2 fma vaes"),
            ("x86_64/amd/zen4", "AuthenticAMD", "avx2 fma vaes avx512f avx512ifma"),
            (
                "x86_64/amd/zen5",
                "AuthenticAMD",
                "avx2 fma vaes avx512f avx512ifma avx512_vp2intersect avx_vnni movdiri",
            ),
        ),
    ),
    "aarch64": (
        *_rules("", ("aarch64/a64fx", "0x46", "asimdhp sve")),
        *_rules(
            "neoverse",
            ("aarch64/neoverse_n1", "ARM", "asimddp"),
            ("aarch64/neoverse_n1", "0x41", "asimddp"),
            ("aarch64/neoverse_v1", "ARM", "asimddp svei8mm"),
            ("aarch64/neoverse_v1", "0x41", "asimddp svei8mm"),
            ("aarch64/nvidia/grace", "0x41", "sve2 sm3 sm4 svesm4"),
            ("aarch64/google/axion", "0x41", "sve2 rng sm3 sm4 svesm4"),
        ),
    ),
    "ppc64le": _rules("", ("ppc64le/power9le", "", "POWER9")),
    "riscv64": _rules(
        "",
        ("riscv64/sifive/p550", "0x489", "rv64imafdch_zicsr_zifencei_zba_zbb_sscofpmf"),
        (
            "riscv64/spacemit/x60",
            "0x710",
            "rv64imafdcv_sscofpmf_sstc_svpbmt_zicbom_zicboz_zicbop_zihintpause",
        ),
        (
            "riscv64/spacemit/x60-k6.6",
            "0x710",
            "rv64imafdcv_zicbom_zicboz_zicntr_zicond_zicsr_zifencei_zihintpause_zihpm_zfh_zfhmin_zca_zcd_zba"
            "_zbb_zbc_zbs_zkt_zve32f_zve32x_zve64d_zve64f_zve64x_zvfh_zvfhmin_zvkt_sscofpmf_sstc_svinval"
            "_svnapot_svpbmt",
        ),
    ),
}

_DEFAULT_ARM_VENDOR = "0x41"


def parse_cpu_target(text: str) -> CpuTarget:
    """Return the target that *text* names; any name of the right shape is taken, known or not.

    Raises
    ------
    InvalidChoiceError
        If *text* is not shaped like `x86_64/amd/zen3` or `aarch64/generic`.
    """
    if len(text) > 100 or not _TARGET.fullmatch(text):
        raise InvalidChoiceError(
            f"{text[:100]!r} is not a CPU target.",
            advice="Write it as EESSI names its directories, such as x86_64/amd/zen3 or aarch64/generic.",
        )
    return CpuTarget(text)


def detect_chain(cpuinfo: str, machine: str) -> tuple[CpuTarget, ...]:
    """Return the targets that a CPU runs, best first, `generic` last.

    Parameters
    ----------
    cpuinfo
        The text of `/proc/cpuinfo`. Where CPUs differ the last one counts, as in EESSI's script.
    machine
        What `uname -m` prints.

    Raises
    ------
    InvalidChoiceError
        If EESSI builds for no such machine type.

    Notes
    -----
    Two rules surprise: any AMD CPU with AVX2 and FMA gets zen2 builds, older ones too, and a virtual
    machine that hides its flags gets `generic`. Where the text has no flags at all EESSI's script stops
    with an error; here that too is `generic`.
    """
    rules = DETECTION_RULES.get(machine)
    if rules is None:
        raise InvalidChoiceError(
            f"EESSI builds for no machine type {machine[:100]!r}.",
            advice=f"Use one of: {', '.join(DETECTION_RULES)}.",
        )
    fields = _last_fields(cpuinfo)
    vendor = (
        _first(fields, "vendor_id", "vendor id")
        or _first(fields, "cpu implementer", "cpu_implementer")
        or fields.get("mvendorid", "")
    )
    if machine == "aarch64" and vendor not in {rule.vendor for rule in rules}:
        vendor = _DEFAULT_ARM_VENDOR
    flags = set(fields.get(_flags_field(machine, vendor), "").split())
    matches = [
        CpuTarget(rule.target) for rule in rules if rule.vendor == vendor and flags and flags.issuperset(rule.flags)
    ]
    return (*reversed(matches), CpuTarget(f"{machine}/generic"))


def shows_flags(cpuinfo: str, machine: str) -> bool:
    """Say whether *cpuinfo* tells what a CPU of type *machine* can do; where it hides that, nothing follows from it."""
    fields = _last_fields(cpuinfo)
    return bool(fields.get("flags") or fields.get(_flags_field(machine, "")))


def _last_fields(cpuinfo: str) -> dict[str, str]:
    """Return the last value of each field, keys in lower case."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip().lower()] = value.strip()
    return fields


def _first(fields: dict[str, str], *keys: str) -> str:
    return next((fields[key] for key in keys if fields.get(key)), "")


def _flags_field(machine: str, vendor: str) -> str:
    if vendor == "ARM":
        return "flags"
    return {"aarch64": "features", "ppc64le": "cpu", "riscv64": "isa"}.get(machine, "flags")
