"""Node labels: how CPU targets and GPUs are written into them, and read from them.

A node carries one label `runs.<target>` for each target that it runs, so that "at least zen2" is `Exists` and needs no
list, and one label `best`. In keys and values `/` is written as `.`, since neither may have one there, and `_` as `-`,
since the tags of Azure's node pools need it escaped. What is written so is read by a table of all known targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.stack.accelerators import accelerator_chain, parse_accelerator
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.releases import known_targets

DEFAULT_PREFIX = "eessi.io"
ARCH_LABEL = "kubernetes.io/arch"
# GPU Feature Discovery's (NVIDIA/k8s-device-plugin, docs/gpu-feature-discovery/README.md).
_COMPUTE_MAJOR, _COMPUTE_MINOR = "nvidia.com/gpu.compute.major", "nvidia.com/gpu.compute.minor"

# Go's names of machines, which Kubernetes uses, and those that `uname -m` prints.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "ppc64le", "riscv64": "riscv64"}

_TRUE = "true"
# Kubernetes' shape of a label's prefix, less the room for "cpu." before it.
_PREFIX = re.compile(r"(?=.{1,249}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# A kubelet may not set labels there (admission plugin NodeRestriction), and Node Feature Discovery does not.
_RESERVED = re.compile(r"(.+\.)?(kubernetes|k8s)\.io")


def encode(name: str) -> str:
    """Return the path of a target or an accelerator as labels have it (`x86-64.amd.zen3`)."""
    return name.replace("/", ".").replace("_", "-")


_BY_CODE: Mapping[str, CpuTarget] = MappingProxyType({encode(target.path): target for target in known_targets()})


@dataclass(frozen=True)
class Labels:
    """The keys of the labels, which a site may have below a domain of its own.

    Raises
    ------
    InvalidChoiceError
        If *prefix* is no domain, or one that is Kubernetes' own.
    """

    prefix: str = DEFAULT_PREFIX

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix) or _RESERVED.fullmatch(self.prefix):
            raise InvalidChoiceError(
                f"{self.prefix[:100]!r} cannot be the prefix of node labels.",
                advice="Write a domain in lower case that is not kubernetes.io or k8s.io, such as eessi.io.",
            )

    @property
    def cpu_best(self) -> str:
        """The key whose value is the best CPU target of a node."""
        return f"cpu.{self.prefix}/best"

    @property
    def gpu_best(self) -> str:
        """The key whose value is the GPU target of a node."""
        return f"gpu.{self.prefix}/best"

    @property
    def cpu_runs_prefix(self) -> str:
        """What the keys of all CPU targets that a node runs begin with."""
        return f"cpu.{self.prefix}/runs."

    @property
    def gpu_runs_prefix(self) -> str:
        """What the keys of all GPU targets that a node can use begin with."""
        return f"gpu.{self.prefix}/runs."

    def runs_requirement(self, target: CpuTarget) -> Mapping[str, Any]:
        """Return the node-affinity expression for nodes that run at least *target*."""
        return {"key": f"{self.cpu_runs_prefix}{encode(target.path)}", "operator": "Exists"}

    def cpu_labels(self, targets: Iterable[CpuTarget]) -> dict[str, str]:
        """Return the labels of a node whose CPU runs *targets*, best first."""
        codes = [encode(target.path) for target in targets]
        return {self.cpu_best: codes[0], **{f"{self.cpu_runs_prefix}{code}": _TRUE for code in codes}}

    def gpu_labels(self, accelerator: str) -> dict[str, str]:
        """Return the labels of a node with this GPU target; none if it is empty."""
        codes = [encode(found) for found in accelerator_chain(accelerator)] if accelerator else []
        best = {self.gpu_best: codes[0]} if codes else {}
        return {**best, **{f"{self.gpu_runs_prefix}{code}": _TRUE for code in codes}}

    def labels_of(self, targets: Sequence[CpuTarget], accelerator: str = "") -> dict[str, str]:
        """Return what a node carries whose CPU runs *targets*, best first, and that has this GPU target."""
        return {**self.cpu_labels(targets), **self.gpu_labels(accelerator)}

    def changes(self, present: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str | None]:
        """Return what turns a node's labels into *wanted*; None: the label has to go.

        Labels of a kind, CPU or GPU, of which nothing is wanted stay as they are, and so do all that are not ours.
        """
        prefixes = (self.cpu_runs_prefix, self.gpu_runs_prefix)
        touched = tuple(prefix for prefix in prefixes if any(key.startswith(prefix) for key in wanted))
        stale = [key for key in present if key.startswith(touched) and key not in wanted]
        new = {key: value for key, value in wanted.items() if present.get(key) != value}
        return {**new, **dict.fromkeys(stale)}

    def read(self, labels: Mapping[str, str]) -> NodeLabels:
        """Return what a node's labels say of its CPU and GPUs; what cannot be used is a warning."""
        ours = (f"cpu.{self.prefix}/", f"gpu.{self.prefix}/")
        relevant = ((key, value) for key, value in labels.items() if key.startswith(ours) or key in _FOREIGN)
        return _read(self, tuple(sorted(relevant)))


_FOREIGN = frozenset({ARCH_LABEL, _COMPUTE_MAJOR, _COMPUTE_MINOR})


# The nodes of a pool are labelled alike.
@lru_cache(maxsize=1024)
def _read(keys: Labels, items: tuple[tuple[str, str], ...]) -> NodeLabels:
    labels = dict(items)
    warnings: list[str] = []
    target, requirement = _read_cpu(keys, labels, warnings)
    return NodeLabels(target, _read_gpus(keys, labels, warnings), requirement, tuple(warnings))


def _read_cpu(
    keys: Labels, labels: Mapping[str, str], warnings: list[str]
) -> tuple[CpuTarget | None, Mapping[str, Any] | None]:
    machine = MACHINES.get(labels.get(ARCH_LABEL, ""))

    def usable(code: str, key: str) -> CpuTarget | None:
        found = _BY_CODE.get(code)
        if found is None:
            warnings.append(f"The label {key}={labels[key]} names no CPU target that is known here.")
        elif machine is not None and found.machine != machine:
            warnings.append(f"The label {key}={labels[key]} is ignored: {ARCH_LABEL} is {labels[ARCH_LABEL]}.")
            found = None
        return found

    runs = []
    for key in labels:
        code = key.removeprefix(keys.cpu_runs_prefix)
        if code != key and _is_true(key, labels[key], warnings) and (target := usable(code, key)):
            runs.append(target)
    if keys.cpu_best in labels and (best := usable(labels[keys.cpu_best], keys.cpu_best)):
        return best, {"key": keys.cpu_best, "operator": "In", "values": [labels[keys.cpu_best]]}
    if not runs:
        return None, None
    most = max(runs, key=lambda target: (len(target.fallback_chain), target.path))
    return most, keys.runs_requirement(most)


def _read_gpus(keys: Labels, labels: Mapping[str, str], warnings: list[str]) -> tuple[str, ...]:
    if keys.gpu_best in labels and (best := _accelerator(labels[keys.gpu_best], keys.gpu_best, labels, warnings)):
        return (best,)
    runs = []
    for key in labels:
        code = key.removeprefix(keys.gpu_runs_prefix)
        if code != key and _is_true(key, labels[key], warnings) and (gpu := _accelerator(code, key, labels, warnings)):
            runs.append(gpu)
    if runs:
        fallbacks = {older for gpu in runs for older in accelerator_chain(gpu)[1:]}
        return tuple(sorted(set(runs) - fallbacks))
    if _COMPUTE_MAJOR in labels:
        major, minor = labels[_COMPUTE_MAJOR], labels.get(_COMPUTE_MINOR, "")
        if re.fullmatch(r"[0-9]{1,2}", major) and re.fullmatch(r"[0-9]", minor):
            return (f"nvidia/cc{major}{minor}",)
        warnings.append(f"The labels {_COMPUTE_MAJOR}={major} and {_COMPUTE_MINOR}={minor} are no compute capability.")
    return ()


def _accelerator(code: str, key: str, labels: Mapping[str, str], warnings: list[str]) -> str | None:
    """Return the GPU target that *code* stands for: none has a dot, so that the first one is the slash."""
    try:
        return parse_accelerator(code.replace(".", "/", 1))
    except InvalidChoiceError:
        warnings.append(f"The label {key}={labels[key]} names no accelerator target.")
        return None


def _is_true(key: str, value: str, warnings: list[str]) -> bool:
    """Say whether a `runs` label holds; pods are sent by its presence, so that any other value is worth a warning."""
    if value != _TRUE:
        warnings.append(f"The label {key}={value} should be {_TRUE}, or be removed: pods are placed by its presence.")
    return value == _TRUE
