"""EESSI's detection table as a NodeFeatureRule, by which Node Feature Discovery labels nodes.

Its rules run in order, and labels of later rules overwrite those of earlier ones (`processNodeFeatureRule` in
`pkg/nfd-master/nfd-master.go`): the last rule that matches is the best, as in EESSI's script. Rules match all features
that were found, also those that are kept from becoming labels (`source/cpu/cpu.go`). Two machine types are covered:
there is no Node Feature Discovery for riscv64, and on ppc64le it does not see what EESSI looks for.

GPUs are not: GPU Feature Discovery writes its labels to the nodes past the rules, unless it is set to use files
(`internal/lm/output.go` of NVIDIA/k8s-device-plugin); the hub reads those labels themselves.
"""

from __future__ import annotations

from typing import Any

from eessi_spawner.placement.labels import Labels
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget

RULE_NAME = "eessi-cpu-targets"
# The first whose worker sees Arm's SVE flags and whose master takes labels of any domain.
OLDEST_NFD = "0.13"

# No feature is the machine type: it is known by what every CPU of it has.
_MACHINE_FLAGS = {"x86_64": "SSE2", "aarch64": "ASIMD"}
# The names of klauspost/cpuid, `detect_arm64.go` and `cpuid.go`. Arm CPUs of unknown makers count as Arm's own, as in
# EESSI's script.
_VENDORS: dict[str, dict[str, Any]] = {
    "GenuineIntel": {"op": "In", "value": ["Intel"]},
    "AuthenticAMD": {"op": "In", "value": ["AMD"]},
    "0x46": {"op": "In", "value": ["Fujitsu"]},
    "0x41": {"op": "NotIn", "value": ["Fujitsu"]},
    "ARM": {"op": "NotIn", "value": ["Fujitsu"]},
}
_FLAG_NAMES = {"fma": "FMA3"}


def node_feature_rule(labels: Labels) -> dict[str, Any]:
    """Return the NodeFeatureRule that labels nodes as `eessi-spawner detect` would."""
    rules = [rule for machine in _MACHINE_FLAGS for rule in _machine_rules(machine, labels)]
    return {
        "apiVersion": "nfd.k8s-sigs.io/v1alpha1",
        "kind": "NodeFeatureRule",
        "metadata": {"name": RULE_NAME},
        "spec": {"rules": rules},
    }


def nfd_flag(flag: str) -> str:
    """Return a flag of `/proc/cpuinfo` as Node Feature Discovery names it."""
    return _FLAG_NAMES.get(flag, flag.upper().replace("_", ""))


def _machine_rules(machine: str, labels: Labels) -> list[dict[str, Any]]:
    generic = CpuTarget(f"{machine}/generic")
    rules = [_rule(generic, labels, [_flags(_MACHINE_FLAGS[machine])])]
    for line in DETECTION_RULES[machine]:
        vendor = {"feature": "cpu.model", "matchExpressions": {"vendor_id": _VENDORS[line.vendor]}}
        rule = _rule(CpuTarget(line.target), labels, [vendor, _flags(*map(nfd_flag, line.flags))])
        # The table has two spellings of one vendor.
        if rule not in rules:
            rules.append(rule)
    return rules


def _flags(*names: str) -> dict[str, Any]:
    return {"feature": "cpu.cpuid", "matchExpressions": {name: {"op": "Exists"} for name in names}}


def _rule(target: CpuTarget, labels: Labels, features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": target.path, "labels": labels.cpu_labels([target]), "matchFeatures": features}
