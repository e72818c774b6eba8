"""What one server asks of the node that it will run on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.stack.cpu_targets import CpuTarget

Json = Mapping[str, Any]

# The device plugins' names: whole GPUs, shared ones, slices (MIG) and AMD's partitions.
_GPU = re.compile(
    r"nvidia\.com/(gpu|mig-)[a-z0-9.-]*|amd\.com/(gpu|[a-z]+_nps[0-9])|gpu\.intel\.com/(i915|xe)[a-z0-9._-]*"
)


def is_gpu(resource: str) -> bool:
    """Say whether an extended resource is a GPU, or a part of one."""
    return _GPU.fullmatch(resource) is not None


@dataclass(frozen=True)
class Request:
    """What one server asks for.

    Attributes
    ----------
    resources
        What it is guaranteed: the pod's requests, which are what the scheduler counts.
    tolerations
        That its pod has whatever pool it goes to.
    pool
        The name of the pool that was chosen for it; empty: any.
    pin
        The CPU target that its kernels are pinned to; None: each takes the best for its node.
    machines
        The machine types that its image runs on; empty: all.
    """

    resources: Resources = field(default_factory=Resources)
    tolerations: tuple[Json, ...] = ()
    pool: str = ""
    pin: CpuTarget | None = None
    machines: tuple[str, ...] = ()

    @property
    def wants_gpu(self) -> bool:
        """Whether it asks for a GPU."""
        return has_gpu(self.resources)


def has_gpu(resources: Resources) -> bool:
    """Say whether a GPU is among *resources*."""
    return any(count > 0 and is_gpu(name) for name, count in resources.devices.items())
