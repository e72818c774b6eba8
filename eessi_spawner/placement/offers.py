"""All offers for one server, best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.fits import why_not
from eessi_spawner.placement.offer import Offer, Verdict
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.placement.sentence import sentence_of
from eessi_spawner.stack.accelerators import accelerator_build
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment


def make_offers(
    states: Iterable[PoolState],
    environments: Sequence[Environment],
    request: Request,
    builds: Builds,
    *,
    waits: Mapping[str, Sequence[float]] = MappingProxyType({}),
) -> tuple[Offer, ...]:
    """Return an offer for each pool and release, best first.

    Parameters
    ----------
    states
        The pools that the user may use (`allowed`).
    environments
        Those that are to run; their releases are the releases that are offered.
    waits
        Pool's name to how many seconds its last new nodes took.
    """
    titles = {environment.name: environment.title for environment in environments}
    by_release: dict[str, list[Environment]] = {}
    for environment in environments:
        by_release.setdefault(environment.release, []).append(environment)
    offers = []
    for state in states:
        reason, free = why_not(state, request), state.free_for(request.resources)
        for release, of_release in by_release.items():
            offer = Offer(state, release, reason=reason, free=free)
            if not reason:
                offer = _with_builds(offer, of_release, request, builds)
            sentence = sentence_of(offer, titles, waits.get(state.pool.name, ()))
            offers.append(replace(offer, sentence=sentence))
    offers.sort(key=lambda offer: offer.release, reverse=True)
    return tuple(sorted(offers, key=_rank))


def best(offers: Iterable[Offer]) -> Offer | None:
    """Return the first offer that can run; None: none can."""
    return next((offer for offer in offers if offer.verdict < Verdict.CANNOT), None)


def _with_builds(offer: Offer, environments: Sequence[Environment], request: Request, builds: Builds) -> Offer:
    """Return *offer* with what each environment runs, or with the reason if none does."""
    pool = offer.state.pool
    found = {environment.name: builds.build_for(environment, pool, request.pin) for environment in environments}
    running = {name: build for name, build in found.items() if not build.reason}
    refused = {name: build.reason for name, build in found.items() if build.reason}
    if not running:
        return replace(offer, refused=refused, reason=next(iter(refused.values())))
    available = builds.accelerators.get(offer.release)
    gpus = pool.accelerators if request.wants_gpu and available is not None else ()
    accelerator = accelerator_build(gpus, available or (), request.pin or pool.cpu_target)
    return replace(
        offer,
        builds=running,
        refused=refused,
        accelerator=accelerator,
        lacks_accelerator=bool(gpus) and not accelerator,
    )


def _rank(offer: Offer) -> tuple[object, ...]:
    """Return what offers are ordered by: the smallest is the best.

    What can start now comes first, then what has to wait. Then come better builds, counted over all environments;
    then nodes that are no better than needed, so that better ones stay free for those who gain by them; then nodes
    that are there anyway; and of what is left, the most room. The name makes the order total.
    """
    pool = offer.state.pool
    depths = [_depth(build.target or pool.cpu_target) for build in offer.builds.values()]
    return (
        max(offer.verdict, Verdict.LESS),
        -sum(depths) / max(len(offer.builds) + len(offer.refused), 1),
        _depth(pool.cpu_target),
        offer.state.can_grow,
        not pool.is_declared,
        -(offer.free or 0),
        pool.name,
    )


def _depth(target: CpuTarget | None) -> int:
    """Return how far above nothing a target is in its family."""
    return len(target.fallback_chain) if target else 0
