"""Why a server cannot run on a pool, whatever is free there now."""

from __future__ import annotations

from collections.abc import Sequence

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request, has_gpu, is_gpu
from eessi_spawner.placement.taints import not_tolerated


def why_not(state: PoolState, request: Request) -> str:
    """Return the first reason why *request* can never run on *state*'s pool, as a part of a sentence; empty: it can."""
    return (
        _taint(state, request)
        or _machine(state, request)
        or _gpus(state, request)
        or _too_large(state, request)
        or _pin(state, request)
        or ("it has no nodes and does not grow" if _is_empty(state) else "")
    )


def _taint(state: PoolState, request: Request) -> str:
    taints = not_tolerated(state.pool.taints, (*request.tolerations, *state.pool.tolerations))
    return f"its taint {taints[0]} is not tolerated" if taints else ""


def _machine(state: PoolState, request: Request) -> str:
    machine = state.pool.machine
    is_missing = machine and request.machines and machine not in request.machines
    return f"the server's image does not run on {machine}" if is_missing else ""


def _gpus(state: PoolState, request: Request) -> str:
    pool = state.pool
    has_gpus = bool(pool.accelerators) or any(map(has_gpu, state.largest))
    if request.wants_gpu and not has_gpus:
        return "it has no GPUs"
    if has_gpus and not request.wants_gpu and request.pool != pool.name:
        return "its GPUs are kept for servers that ask for one"
    return ""


def _too_large(state: PoolState, request: Request) -> str:
    wanted, sizes = request.resources, state.largest
    if not sizes or any(wanted.fits_in(size) for size in _with_gpus(state, wanted, sizes)):
        return ""
    cpu, memory = max(size.cpu for size in sizes), max(size.memory for size in sizes)
    if not Resources(cpu=wanted.cpu).fits_in(Resources(cpu=cpu)):
        return f"its nodes have {_cores(cpu)}, the server asks for {_cores(wanted.cpu)}"
    if wanted.memory > memory:
        return f"its nodes have {_gib(memory)} of memory, the server asks for {_gib(wanted.memory)}"
    for name, count in wanted.devices.items():
        most = max(size.devices.get(name, 0) for size in sizes)
        if count > most:
            return f"its nodes have {most:g} {name}, the server asks for {count:g}"
    return "none of its nodes has all at once that the server asks for"


def _with_gpus(state: PoolState, wanted: Resources, sizes: Sequence[Resources]) -> Sequence[Resources]:
    """Return *sizes*, with the GPUs of a pool that is declared to have some, but not how many."""
    if state.sizes or not state.pool.accelerators or any(map(has_gpu, sizes)):
        return sizes
    gpus = {name: count for name, count in wanted.devices.items() if is_gpu(name)}
    return [size + Resources(devices=gpus) for size in sizes]


def _pin(state: PoolState, request: Request) -> str:
    target, pin = state.pool.cpu_target, request.pin
    if pin is None:
        return ""
    if target is None:
        return f"whether its CPUs run {pin.short_name} builds is not known"
    return "" if target.runs(pin) else f"its CPUs, {target.short_name}, do not run {pin.short_name} builds"


def _is_empty(state: PoolState) -> bool:
    return state.rooms == () and not state.closed and state.pool.max_nodes == 0


def _cores(count: float) -> str:
    return f"{count:.3g} core" if count == 1 else f"{count:.3g} cores"


def _gib(amount: float) -> str:
    return f"{amount / 2**30:.3g} GiB"
