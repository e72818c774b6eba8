"""What can be chosen where the hub mounts no stack: the catalogue's word, and the site's. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from eessi_spawner.errors import UnknownModuleError
from eessi_spawner.placement.builds import Builds
from eessi_spawner.spawner.offers import EnvironmentOffer, Offers
from eessi_spawner.spawner.own import with_own
from eessi_spawner.stack.accelerators import PUBLISHED_ACCELERATORS
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.listed import ListedEnvironment
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.mounted import ReleaseReading, StackReading


def catalogue_offers(
    catalogue: Catalogue, listed: Sequence[ListedEnvironment], *, root: str, pin: CpuTarget | None = None
) -> Offers:
    """Return the offers of a site that lists *listed*, or of the default environments where it lists none.

    What a site lists is offered whether or not the catalogue knows it: the site's own modules are not in it, and it
    may be older than the site's list. A kernel whose modules are absent says so itself.

    Parameters
    ----------
    pin
        The CPU target that all servers are pinned to, if so.
    """
    if listed:
        offers = [EnvironmentOffer(found.environment, found.problem) for found in listed]
    else:
        offers = [EnvironmentOffer(found) for found in default_environments(_reading(catalogue, root, pin))]
    offers.sort(key=lambda offer: offer.environment.release, reverse=True)
    environments = tuple(offers)
    return Offers(
        target=pin.path if pin else "",
        environments=environments,
        builds=Builds(
            catalogue.targets_of_release,
            {offer.environment.name: complete_targets(catalogue, offer.environment) for offer in environments},
            PUBLISHED_ACCELERATORS,
        ),
    )


def with_own_builds(offers: Offers, catalogue: Catalogue, own: Sequence[Environment]) -> Offers:
    """Return *offers* with the user's *own* environments, offered as the site's are."""
    modules = {environment.name: _complete_targets(catalogue, environment) for environment in own}
    builds = replace(offers.builds, modules={**offers.builds.modules, **modules})
    placing = replace(offers.placing, builds=builds)
    return with_own(replace(offers, builds=builds, placing=placing), own, lambda _environment: "")


# A form or a spawn asks several times for what a user has saved, up to two hundred.
@lru_cache(maxsize=1024)
def _complete_targets(catalogue: Catalogue, environment: Environment) -> frozenset[str] | None:
    return complete_targets(catalogue, environment)


def complete_targets(catalogue: Catalogue, environment: Environment) -> frozenset[str] | None:
    """Return the CPU targets that have all modules of *environment*; None where the catalogue does not know one."""
    common: frozenset[str] | None = None
    for module in environment.modules:
        try:
            rows = catalogue.find(module, environment.release)
        except UnknownModuleError:
            return None
        targets = frozenset(target for row in rows for target in catalogue.targets(row))
        common = targets if common is None else common & targets
    return common


def unknown_modules(catalogue: Catalogue, listed: Sequence[ListedEnvironment]) -> list[str]:
    """Return a sentence for each module of *listed* that the catalogue does not know: often a misspelling."""
    sentences = []
    for found in listed:
        for module in found.environment.modules:
            try:
                catalogue.find(module, found.environment.release)
            except UnknownModuleError as error:
                sentences.append(f"Environment {found.environment.name!r}: {error}")
    return sentences


def _reading(catalogue: Catalogue, root: str, pin: CpuTarget | None) -> StackReading:
    """Return what a mounted tree would be read as, if it has all that the catalogue lists."""
    wanted = default_modules()
    readings = []
    for release in catalogue.releases:
        found = tuple(module for module in wanted.get(release, ()) if _is_there(catalogue, module, release, pin))
        readings.append(ReleaseReading(release, pin.path if pin else "", found))
    return StackReading(root, tuple(readings))


def _is_there(catalogue: Catalogue, module: str, release: str, pin: CpuTarget | None) -> bool:
    try:
        rows = catalogue.find(module, release)
    except UnknownModuleError:
        return False
    return any(catalogue.runs_on(row, [pin] if pin else []) for row in rows)
