"""Nodes for tests, and a reading of labels that is as plain as it can be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eessi_spawner.cluster.nodes import Node, Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.node_labels import NodeLabels
from eessi_spawner.stack.cpu_targets import CpuTarget

CPU, GPU = "cpu.eessi.io/best", "gpu.eessi.io/best"
SIZE = Resources(16, 2**36)


def node(  # noqa: PLR0913  (each by its name)
    name: str,
    cpu: str = "",
    *,
    gpu: str = "",
    arch: str = "amd64",
    labels: Mapping[str, str] = MappingProxyType({}),
    taints: tuple[Taint, ...] = (),
    is_cordoned: bool = False,
) -> Node:
    """Return a node; *cpu* is the last part of an AMD target (`zen4`), *gpu* one of NVIDIA's (`cc80`)."""
    own = {"kubernetes.io/arch": arch, "kubernetes.io/hostname": name, CPU: cpu, GPU: gpu, **labels}
    devices = {"nvidia.com/gpu": 1.0} if gpu else {}
    return Node(
        name,
        {key: value for key, value in own.items() if value},
        taints,
        Resources(SIZE.cpu, SIZE.memory, devices),
        is_cordoned=is_cordoned,
    )


def read(labels: Mapping[str, str]) -> NodeLabels:
    if CPU not in labels:
        return NodeLabels()
    return NodeLabels(
        CpuTarget(f"x86_64/amd/{labels[CPU]}"),
        (f"nvidia/{labels[GPU]}",) if GPU in labels else (),
        {"key": CPU, "operator": "In", "values": [labels[CPU]]},
    )
