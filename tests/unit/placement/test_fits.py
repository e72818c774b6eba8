"""Why a server cannot run on a pool: each reason alone, and none where there is none."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.fits import why_not
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.stack.cpu_targets import CpuTarget

GIB = 2**30
GPU = {"nvidia.com/gpu": 1.0}
NODE = Resources(16, 64 * GIB)
GPU_NODE = Resources(16, 64 * GIB, {"nvidia.com/gpu": 2})
TAINT = Taint("dedicated", "b")
ZEN3, ZEN4 = CpuTarget("x86_64/amd/zen3"), CpuTarget("x86_64/amd/zen4")


def state(*sizes: Resources, **pool: Any) -> PoolState:
    return PoolState(NodePool("p", **pool), rooms=sizes or None, sizes=sizes)


def gpus(count: float) -> Request:
    return Request(Resources(1, GIB, {"nvidia.com/gpu": count}))


REFUSED: dict[str, tuple[PoolState, Request]] = {
    "its taint dedicated=b:NoSchedule is not tolerated": (state(taints=(TAINT,)), Request()),
    "the server's image does not run on aarch64": (state(machine="aarch64"), Request(machines=("x86_64",))),
    "it has no GPUs": (state(NODE), gpus(1)),
    "its GPUs are kept for servers that ask for one": (state(GPU_NODE), Request()),
    "its nodes have 2 nvidia.com/gpu, the server asks for 3": (state(GPU_NODE), gpus(3)),
    "its nodes have 0 nvidia.com/mig-1g.5gb, the server asks for 1": (
        state(GPU_NODE),
        Request(Resources(devices={"nvidia.com/mig-1g.5gb": 1})),
    ),
    "its nodes have 16 cores, the server asks for 32 cores": (state(NODE), Request(Resources(32))),
    "its nodes have 1 core, the server asks for 1.5 cores": (state(node=Resources(1, inf)), Request(Resources(1.5))),
    "its nodes have 64 GiB of memory, the server asks for 100 GiB": (state(NODE), Request(Resources(1, 100 * GIB))),
    "none of its nodes has all at once that the server asks for": (
        state(Resources(64, GIB), Resources(1, 64 * GIB)),
        Request(Resources(64, 64 * GIB)),
    ),
    "whether its CPUs run zen3 builds is not known": (state(), Request(pin=ZEN3)),
    "its CPUs, zen3, do not run zen4 builds": (state(cpu_target=ZEN3), Request(pin=ZEN4)),
    "it has no nodes and does not grow": (PoolState(NodePool("p", max_nodes=0), rooms=()), Request()),
}


@pytest.mark.parametrize(("reason", "state", "request_"), [(key, *value) for key, value in REFUSED.items()])
def test_a_server_is_refused_for(reason: str, state: PoolState, request_: Request) -> None:
    assert why_not(state, request_) == reason


TOLERATION = {"key": "dedicated", "operator": "Exists"}
TAKEN: dict[str, tuple[PoolState, Request]] = {
    "nothing is known of the pool": (state(), Request(Resources(1000))),
    "the server tolerates its taint": (state(taints=(TAINT,)), Request(tolerations=(TOLERATION,))),
    "the pool brings the toleration": (state(taints=(TAINT,), tolerations=(TOLERATION,)), Request()),
    "the image runs on the machine": (state(machine="x86_64"), Request(machines=("aarch64", "x86_64"))),
    "the image runs on all machines": (state(machine="riscv64"), Request()),
    "the machine is not known": (state(), Request(machines=("x86_64",))),
    "a GPU is asked for and there": (state(GPU_NODE), gpus(2)),
    "a pool with GPUs is chosen by name": (state(GPU_NODE), Request(pool="p")),
    "GPUs are declared without their number": (
        state(accelerators=("nvidia/cc80",), node=Resources(8, inf), is_declared=True),
        Request(Resources(8, GIB, GPU)),
    ),
    "it fits exactly": (state(NODE), Request(NODE)),
    "one of its nodes is large enough": (state(NODE, Resources(128, 512 * GIB)), Request(Resources(100, GIB))),
    "its CPUs run what is pinned": (state(cpu_target=ZEN4), Request(pin=ZEN3)),
    "it is empty and its bound is not known": (PoolState(NodePool("p"), rooms=()), Request()),
    "it is empty and grows": (PoolState(NodePool("p", max_nodes=1), rooms=()), Request()),
    "its nodes are closed now": (PoolState(NodePool("p", max_nodes=0), rooms=(), closed=1), Request()),
}


@pytest.mark.parametrize(("state", "request_"), TAKEN.values(), ids=TAKEN)
def test_a_server_is_taken_where(state: PoolState, request_: Request) -> None:
    assert not why_not(state, request_)
