"""A user's own environments among the offers: those that the user has saved, beside the site's. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from eessi_spawner.spawner.offers import EnvironmentOffer, Offers
from eessi_spawner.stack.environments import Environment


def own_to_offer(offers: Offers, saved: Iterable[Environment]) -> tuple[Environment, ...]:
    """Return those of *saved* that stand beside *offers*, newest release first, each under a name of its own.

    Left out are those of releases that are not offered, and those that are the same kernel as another one.
    """
    if offers.problem is not None:
        return ()
    there = [offer.environment for offer in offers.environments]
    releases = {environment.release for environment in there}
    names, keys = {environment.name for environment in there}, {environment.key for environment in there}
    own = []
    for environment in saved:
        if environment.release not in releases or environment.key in keys:
            continue
        name = _free_name(environment, names)
        names.add(name)
        keys.add(environment.key)
        own.append(replace(environment, name=name))
    return tuple(sorted(own, key=lambda environment: environment.release, reverse=True))


def with_own(offers: Offers, own: Iterable[Environment], why_not: Callable[[Environment], str]) -> Offers:
    """Return *offers* with the user's *own* after the site's, each with what *why_not* says of it."""
    offered = (EnvironmentOffer(environment, why_not(environment), is_own=True) for environment in own)
    return replace(offers, environments=(*offers.environments, *offered))


def other_names(offers: Offers, saved: Iterable[Environment]) -> dict[str, str]:
    """Return the names of *saved* ones that are the same kernel as one that is offered, each with that one's name."""
    names = {offer.environment.name for offer in offers.environments}
    by_key = {offer.environment.key: offer.environment.name for offer in offers.environments}
    return {found.name: by_key[found.key] for found in saved if found.key in by_key and found.name not in names}


def _free_name(environment: Environment, taken: set[str]) -> str:
    """Return the environment's name or, where the site has one of that name, another that is always the same."""
    names = (environment.name, f"own-{environment.name}"[:64], f"own-{environment.key}")
    return next(name for name in names if name not in taken or name == names[-1])
