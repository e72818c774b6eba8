"""The sentence that says what a server gets on a pool: "zen4 builds, 3 nodes free"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from eessi_spawner.placement.offer import Offer
from eessi_spawner.stack.cpu_targets import CpuTarget


def sentence_of(offer: Offer, titles: Mapping[str, str], waited: Sequence[float]) -> str:
    """Return what *offer* says, without a full stop.

    Parameters
    ----------
    titles
        Environment's name to its title.
    waited
        How many seconds the last new nodes of the pool took.
    """
    if offer.reason:
        return offer.reason
    gets = (_builds(offer, titles), _gpu_builds(offer), _left_out(offer), _free(offer))
    return "; ".join(filter(None, (", ".join(filter(None, gets)), _wait(offer, waited), _no_gpu_builds(offer))))


def _builds(offer: Offer, titles: Mapping[str, str]) -> str:
    """Return whose builds run: the best first, older ones with the environments that have no better."""
    by_target: dict[CpuTarget | None, list[str]] = {}
    for name, build in offer.builds.items():
        by_target.setdefault(build.target, []).append(titles.get(name, name))
    targets = sorted(by_target, key=lambda target: len(target.fallback_chain) if target else 0, reverse=True)
    if targets == [None]:
        return "the best builds there are for its CPUs"
    first, *older = [(target.short_name, by_target[target]) for target in targets if target]
    own = offer.state.pool.cpu_target
    if own and all(build.is_less for build in offer.builds.values()):
        parts = [f"{own.short_name} nodes, EESSI {offer.release} has {first[0]} builds"]
    else:
        parts = [f"{first[0]} builds"]
    return ", ".join([*parts, *(f"{name} builds of {' and '.join(of)}" for name, of in older)])


def _gpu_builds(offer: Offer) -> str:
    name = offer.accelerator.rpartition("/")[2]
    return f"{name} GPU builds" if name else ""


def _no_gpu_builds(offer: Offer) -> str:
    if not offer.lacks_accelerator:
        return ""
    gpus = " and ".join(accelerator.rpartition("/")[2] for accelerator in offer.state.pool.accelerators)
    return f"EESSI {offer.release} has no builds for {gpus}, its CPU builds run"


def _left_out(offer: Offer) -> str:
    known = len(offer.builds) + len(offer.refused)
    return f"{len(offer.builds)} of {known} environments" if offer.refused else ""


def _free(offer: Offer) -> str:
    if not offer.free:
        return ""
    return "1 node free" if offer.free == 1 else f"{offer.free} nodes free"


def _wait(offer: Offer, waited: Sequence[float]) -> str:
    if offer.free != 0:
        return ""
    if not offer.state.can_grow:
        return "no free node now; waits until one is free"
    return f"no free node; {_minutes(waited)}" if waited else "no free node now; a new one is started"


def _minutes(waited: Sequence[float]) -> str:
    """Return how long new nodes took, in whole minutes."""
    first, last = math.floor(min(waited) / 60), math.ceil(max(waited) / 60)
    if last <= 1:
        return "the last ones took a minute at most"
    if first == last:
        return f"the last ones took {last} minutes"
    return f"the last ones took {max(first, 1)} to {last} minutes"
