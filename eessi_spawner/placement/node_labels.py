"""What a node's labels say of its CPU and GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eessi_spawner.stack.cpu_targets import CpuTarget


@dataclass(frozen=True)
class NodeLabels:
    """What was read from a node's labels.

    Attributes
    ----------
    target
        The best CPU target that the node runs; None: its labels do not say.
    accelerators
        GPU targets, as EESSI names them (`nvidia/cc80`).
    requirement
        The node-affinity expression (`{"key", "operator", "values"}`) that selects nodes of this same target; None
        where there is no target.
    warnings
        A sentence for each label that could not be used.
    """

    target: CpuTarget | None = None
    accelerators: tuple[str, ...] = ()
    requirement: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
