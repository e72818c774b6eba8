"""Labels say which targets a node runs, and are read back without a guess."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.labels import Labels, encode
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.stack.accelerators import accelerator_chain
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget
from eessi_spawner.stack.releases import PUBLISHED_TARGETS, known_targets

LABELS = Labels()
ZEN3 = CpuTarget("x86_64/amd/zen3")
BEST, RUNS = "cpu.eessi.io/best", "cpu.eessi.io/runs."
GPU_BEST, GPU_RUNS = "gpu.eessi.io/best", "gpu.eessi.io/runs."
MAJOR, MINOR = "nvidia.com/gpu.compute.major", "nvidia.com/gpu.compute.minor"
ARCH = "kubernetes.io/arch"
ARCHES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "riscv64": "riscv64"}
every_target = pytest.mark.parametrize("target", known_targets(), ids=str)


def test_a_zen3_node_with_a_gpu_carries_these_labels() -> None:
    assert LABELS.labels_of(ZEN3.fallback_chain, "nvidia/cc86") == {
        "cpu.eessi.io/best": "x86-64.amd.zen3",
        "cpu.eessi.io/runs.x86-64.amd.zen3": "true",
        "cpu.eessi.io/runs.x86-64.amd.zen2": "true",
        "cpu.eessi.io/runs.x86-64.generic": "true",
        "gpu.eessi.io/best": "nvidia.cc86",
        "gpu.eessi.io/runs.nvidia.cc86": "true",
        "gpu.eessi.io/runs.nvidia.cc80": "true",
    }


def test_every_target_is_known_and_no_two_are_written_alike() -> None:
    known = known_targets()
    assert len({encode(target.path) for target in known}) == len(known) == len(set(known))
    published = {CpuTarget(path) for paths in PUBLISHED_TARGETS.values() for path in paths}
    detected = {CpuTarget(rule.target) for rules in DETECTION_RULES.values() for rule in rules}
    assert set(known) == published | detected | {CpuTarget(f"{machine}/generic") for machine in DETECTION_RULES}


@every_target
def test_keys_and_values_are_what_kubernetes_takes(target: CpuTarget) -> None:
    for key, value in LABELS.labels_of(target.fallback_chain).items():
        domain, name = key.split("/")
        assert re.fullmatch(r"[a-z0-9.]+", domain)
        for word in (name, value):
            assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?", word)


@every_target
def test_what_is_written_is_read(target: CpuTarget) -> None:
    written = {ARCH: ARCHES[target.machine], **LABELS.labels_of(target.fallback_chain, "amd/gfx90a")}
    expected = {"key": BEST, "operator": "In", "values": [encode(target.path)]}
    assert LABELS.read(written) == NodeLabels(target, ("amd/gfx90a",), expected)


@every_target
def test_without_best_the_most_special_of_the_others_counts(target: CpuTarget) -> None:
    written = LABELS.labels_of(target.fallback_chain)
    del written[BEST]
    found = LABELS.read(written)
    assert found.target == target
    assert found.requirement == LABELS.runs_requirement(target)
    assert found.warnings == ()


def test_at_least_a_target_is_the_presence_of_its_label() -> None:
    assert LABELS.runs_requirement(ZEN3) == {"key": f"{RUNS}x86-64.amd.zen3", "operator": "Exists"}


@pytest.mark.parametrize(
    ("labels", "target", "named"),
    [
        ({BEST: "x86-64.amd.zen99"}, None, f"{BEST}=x86-64.amd.zen99"),
        ({BEST: ""}, None, f"{BEST}="),
        ({BEST: "x86_64.amd.zen3"}, None, f"{BEST}=x86_64.amd.zen3"),
        ({BEST: "new", f"{RUNS}x86-64.amd.zen2": "true"}, "x86_64/amd/zen2", f"{BEST}=new"),
        ({f"{RUNS}new": "true", f"{RUNS}x86-64.amd.zen2": "true"}, "x86_64/amd/zen2", f"{RUNS}new=true"),
        ({f"{RUNS}x86-64.amd.zen2": "false"}, None, f"{RUNS}x86-64.amd.zen2=false"),
        ({ARCH: "arm64", BEST: "x86-64.amd.zen3"}, None, f"{BEST}=x86-64.amd.zen3"),
        ({ARCH: "arm64", BEST: "x86-64.amd.zen3", f"{RUNS}aarch64.generic": "true"}, "aarch64/generic", BEST),
        ({ARCH: "arm64", f"{RUNS}x86-64.generic": "true"}, None, f"{RUNS}x86-64.generic=true"),
    ],
)
def test_a_label_that_cannot_be_used_is_named_with_its_value(
    labels: dict[str, str], target: str | None, named: str
) -> None:
    found = LABELS.read(labels)
    assert found.target == (CpuTarget(target) if target else None)
    assert len(found.warnings) == 1
    assert named in found.warnings[0]


@pytest.mark.parametrize(
    ("labels", "accelerators", "warnings"),
    [
        ({}, (), 0),
        ({GPU_BEST: "nvidia.cc90"}, ("nvidia/cc90",), 0),
        ({f"{GPU_RUNS}nvidia.cc86": "true", f"{GPU_RUNS}nvidia.cc80": "true"}, ("nvidia/cc86",), 0),
        ({f"{GPU_RUNS}nvidia.cc90": "true", f"{GPU_RUNS}amd.gfx90a": "true"}, ("amd/gfx90a", "nvidia/cc90"), 0),
        ({MAJOR: "8", MINOR: "6"}, ("nvidia/cc86",), 0),
        ({MAJOR: "12", MINOR: "0"}, ("nvidia/cc120",), 0),
        ({MAJOR: "8", MINOR: "6", GPU_BEST: "nvidia.cc80"}, ("nvidia/cc80",), 0),
        ({MAJOR: "8", MINOR: "6", GPU_BEST: "cc80"}, ("nvidia/cc86",), 1),
        ({MAJOR: "8"}, (), 1),
        ({MAJOR: "unknown", MINOR: "6"}, (), 1),
        ({f"{GPU_RUNS}nvidia.cc80": "no"}, (), 1),
        ({f"{GPU_RUNS}": "true"}, (), 1),
    ],
)
def test_gpus_are_read_from_our_labels_else_from_gpu_feature_discoverys(
    labels: dict[str, str], accelerators: tuple[str, ...], warnings: int
) -> None:
    found = LABELS.read(labels)
    assert found.accelerators == accelerators
    assert len(found.warnings) == warnings


@given(
    st.dictionaries(
        st.sampled_from([BEST, GPU_BEST, ARCH, MAJOR, MINOR]) | st.text(max_size=5).map(RUNS.__add__),
        st.text(max_size=5) | st.sampled_from(["true", "amd64", "nvidia.cc80", "x86-64.amd.zen3", "8"]),
    )
)
def test_no_labels_whatever_break_the_reading(labels: dict[str, str]) -> None:
    found = LABELS.read(labels)
    assert (found.target is None) == (found.requirement is None)


def test_other_peoples_labels_are_not_looked_at() -> None:
    written = LABELS.labels_of(ZEN3.fallback_chain)
    assert LABELS.read({**written, "other.org/best": "nonsense"}) == LABELS.read(written)
    assert Labels("other.org").read(written) == NodeLabels()


@pytest.mark.parametrize("prefix", ["", "Eessi.io", "a/b", "a..b", "-a", "a" * 250, "a\n", "kubernetes.io", "x.k8s.io"])
def test_a_prefix_that_nodes_cannot_have_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidChoiceError, match="cannot be the prefix"):
        Labels(prefix)


@given(st.sampled_from(known_targets()), st.sampled_from(known_targets()), st.sampled_from(["", "nvidia/cc80"]))
def test_changes_turn_one_targets_labels_into_anothers_and_touch_nothing_else(
    before: CpuTarget, after: CpuTarget, gpu: str
) -> None:
    others = {"kubernetes.io/hostname": "a", f"{RUNS.removesuffix('runs.')}pool": "b"}
    gpu_before = LABELS.gpu_labels("nvidia/cc75")
    present = {**others, **LABELS.labels_of(before.fallback_chain), **gpu_before}
    wanted = LABELS.labels_of(after.fallback_chain, gpu)
    changed = {**present, **LABELS.changes(present, wanted)}
    left = {key: value for key, value in changed.items() if value is not None}
    assert left == {**others, **wanted, **({} if gpu else gpu_before)}
    assert LABELS.changes(left, wanted) == {}


def test_a_gpus_labels_are_its_chain() -> None:
    for gpu in ("nvidia/cc86", "nvidia/cc90", "amd/gfx942"):
        assert list(LABELS.gpu_labels(gpu).values())[1:] == ["true"] * len(accelerator_chain(gpu))
