"""The hub's node pools as one user may know of them, and what of EESSI runs there now. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.fits import why_not
from eessi_spawner.placement.offer import Offer
from eessi_spawner.placement.offers import make_offers
from eessi_spawner.placement.pool import PoolState, allowed
from eessi_spawner.placement.request import Request
from eessi_spawner.service.hub_facts import FRESH_SECONDS, ToldFacts, age_in_words
from eessi_spawner.stack.accelerators import PUBLISHED_ACCELERATORS
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment

Json = dict[str, Any]

# The name of what is asked for, where an offer needs one.
WANTED = "wanted"


@dataclass(frozen=True)
class PoolsView:
    """What of the hub's pools one user may know.

    Attributes
    ----------
    states
        The pools that the user may use; none: `unknown` says why.
    request
        What a server asks for that is started without a choice.
    waits
        Pool's name to how many seconds its last new nodes took.
    counts_own
        Whether only the hub's own servers are counted as using room.
    age
        How many seconds ago the hub told all this; None: it told nothing.
    unknown
        Why nothing is known of pools, as a sentence; empty: something is.
    """

    states: tuple[PoolState, ...] = ()
    request: Request = field(default_factory=Request)
    waits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    counts_own: bool = False
    age: float | None = None
    unknown: str = "The hub has told nothing of its node pools yet."

    @property
    def targets(self) -> frozenset[CpuTarget]:
        """The CPU targets of those pools that a server can run on."""
        able = (state for state in self.states if not why_not(state, self.request))
        return frozenset(state.pool.cpu_target for state in able if state.pool.cpu_target)

    @cached_property
    def key(self) -> str:
        """A text that is another one where anything that is said of pools is another, but for its age."""
        told = [
            (
                state.pool.name,
                str(state.pool.cpu_target),
                state.pool.machine,
                state.pool.is_declared,
                state.pool.accelerators,
                why_not(state, self.request),
                state.free_for(self.request.resources),
                state.can_grow,
                list(self.waits.get(state.pool.name, ())),
            )
            for state in self.states
        ]
        return json.dumps(told) if told else ""

    def offers(
        self, catalogue: Catalogue, environments: Sequence[Environment], targets: Mapping[str, Collection[str]]
    ) -> tuple[Offer, ...]:
        """Return what comes of a server with *environments* on each pool, for each of their releases, best first.

        Parameters
        ----------
        targets
            Environment's name to the CPU targets that have all its modules; not listed: all of the release.
        """
        complete = {name: frozenset(found) for name, found in targets.items()}
        builds = Builds(catalogue.targets_of_release, complete, PUBLISHED_ACCELERATORS)
        return make_offers(self.states, environments, self.request, builds, waits=self.waits)


def view_of(told: ToldFacts | None, groups: Collection[str]) -> PoolsView:
    """Return what a member of *groups* may know of what the hub told."""
    return _view(told, allowed(told.facts.states, groups) if told else ())


def everything(told: ToldFacts | None) -> PoolsView:
    """Return all that the hub told, for administrators."""
    return _view(told, told.facts.states if told else ())


def _view(told: ToldFacts | None, states: tuple[PoolState, ...]) -> PoolsView:
    if told is None:
        return PoolsView()
    facts = told.facts
    if told.age > FRESH_SECONDS:
        states, unknown = (), f"The hub told of its node pools last {age_in_words(told.age)}."
    elif not facts.states:
        unknown = "The hub knows of no node pools: Kubernetes takes any node for a server."
    else:
        unknown = "" if states else "All node pools of this hub are kept for groups that you are not in."
    return PoolsView(states, facts.request, facts.waits, facts.counts_own, told.age, unknown)


def pools_to_json(view: PoolsView) -> Json:
    """Return the pools; `null` is what is not known, or has no bound."""
    items = [_pool_to_json(state, view) for state in view.states]
    return {"items": items, "total": len(items), **_about(view)}


def offers_to_json(view: PoolsView, offers: Sequence[Offer]) -> Json:
    """Return *offers*, best first; `null` is what is not known."""
    items = [_offer_to_json(offer) for offer in offers]
    return {"items": items, "total": len(items), **_about(view)}


def _about(view: PoolsView) -> Json:
    age = None if view.age is None else round(view.age, 1)
    return {"age": age, "counts_own": view.counts_own, "unknown": view.unknown}


def _pool_to_json(state: PoolState, view: PoolsView) -> Json:
    pool = state.pool
    return {
        "name": pool.name,
        "cpu_target": pool.cpu_target.path if pool.cpu_target else None,
        "machine": pool.machine or None,
        "accelerators": list(pool.accelerators),
        "open_nodes": None if state.rooms is None else len(state.rooms),
        "closed_nodes": None if state.rooms is None else state.closed,
        "free_nodes": state.free_for(view.request.resources),
        "max_nodes": pool.max_nodes,
        "waits": list(view.waits.get(pool.name, ())),
        "reason": why_not(state, view.request),
    }


def _offer_to_json(offer: Offer) -> Json:
    target = next((build.target for build in offer.builds.values()), None)
    return {
        "pool": offer.state.pool.name,
        "release": offer.release,
        "verdict": offer.verdict.name.lower(),
        "target": target.path if target else None,
        "accelerator": offer.accelerator or None,
        "free_nodes": offer.free,
        "sentence": offer.sentence,
    }
