"""Which extended resources are GPUs."""

from __future__ import annotations

import pytest

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.request import Request, is_gpu


@pytest.mark.parametrize(
    "resource",
    [
        *("nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb", "nvidia.com/mig-1g.5gb.shared"),
        *("amd.com/gpu", "amd.com/cpx_nps1", "gpu.intel.com/i915", "gpu.intel.com/xe"),
    ],
)
def test_a_gpu_or_a_part_of_one_is_a_gpu(resource: str) -> None:
    assert is_gpu(resource)
    assert Request(Resources(devices={resource: 1})).wants_gpu


@pytest.mark.parametrize(
    "resource", ["cpu", "nvidia.com/hostdev", "rdma/hca", "amd.com/xilinx_u250", "gpu", "example.org/nvidia.com/gpu"]
)
def test_other_devices_are_none(resource: str) -> None:
    assert not is_gpu(resource)
    assert not Request(Resources(devices={resource: 1})).wants_gpu


def test_none_of_a_gpu_is_no_gpu() -> None:
    assert not Request(Resources(devices={"nvidia.com/gpu": 0})).wants_gpu
