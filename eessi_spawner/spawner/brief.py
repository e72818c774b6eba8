"""A CPU and its release in one short line, for lists: "2025.06, zen4: 3 nodes free". Pure."""

from __future__ import annotations

from collections.abc import Iterator

from eessi_spawner.placement.offer import Offer
from eessi_spawner.spawner.cpus import CpuChoice


def line_of(cpu: CpuChoice, release: str) -> str:
    """Return what *cpu* comes to with *release*, of which something can run, in few enough words for a phone."""
    offer = cpu.by_release[release]
    short = cpu.target.short_name if cpu.target else ""
    told = (_builds(offer, short), ", ".join(_told(offer)))
    what = " ".join((release + ",", short or "any CPU", told[0])).rstrip()
    return f"{what}: {told[1]}" if told[1] else what


def _builds(offer: Offer, cpu: str) -> str:
    """Return, in brackets, whose builds run, but for those that are named like the CPU."""
    names = {build.target.short_name for build in offer.builds.values() if build.target}
    gpu = offer.accelerator.rpartition("/")[2]
    if len(names) > 1:
        cpus = ["several builds"]
    else:
        cpus = [f"{name} builds" if cpu else name for name in names if name != cpu]
    others = [*cpus, *([gpu] if gpu else [])]
    return f"({', '.join(others)})" if others else ""


def _told(offer: Offer) -> Iterator[str]:
    if offer.free:
        yield "1 node free" if offer.free == 1 else f"{offer.free} nodes free"
    elif offer.free == 0:
        yield "waits for a new node" if offer.state.can_grow else "no free node now"
    if offer.refused:
        yield f"{len(offer.builds)} of {len(offer.builds) + len(offer.refused)} kernels"
    if offer.lacks_accelerator:
        yield "no GPU builds"
