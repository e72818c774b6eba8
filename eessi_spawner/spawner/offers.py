"""What can be chosen: the environments of a site, each with the reason if it cannot run here. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eessi_spawner.errors import EESSIError
from eessi_spawner.placement.builds import Builds
from eessi_spawner.spawner.cpus import Placing
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.mounted import StackReading


@dataclass(frozen=True)
class EnvironmentOffer:
    """An environment, where it cannot run here why, and whether its user has saved it."""

    environment: Environment
    reason: str = ""
    is_own: bool = False


@dataclass(frozen=True)
class Offers:
    """All that can be chosen.

    Attributes
    ----------
    target
        The CPU target that was found (or is pinned).
    environments
        Newest release first, then in the site's order.
    problem
        Why the stack cannot be read, if so: then nothing can be chosen, and a server starts without kernels.
    targets
        Release to the CPU target whose builds it runs here.
    sample
        What `SAMPLE.json` says where the stack is a sample.
    builds
        What exists of EESSI for which CPUs, where servers may run on several.
    placing
        Where servers can run.
    own_unknown
        Whether nobody could say which environments the user has saved: what was chosen of them is passed over.
    aliases
        Other names that environments may be chosen by: a user may have saved what the site has too.
    """

    target: str
    environments: tuple[EnvironmentOffer, ...] = ()
    problem: EESSIError | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    builds: Builds = field(default_factory=lambda: Builds({}))
    placing: Placing = field(default_factory=Placing)
    own_unknown: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def runnable(self) -> tuple[Environment, ...]:
        """The environments that can run."""
        return tuple(offer.environment for offer in self.environments if not offer.reason)

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases of the runnable environments, newest first."""
        return tuple(sorted({environment.release for environment in self.runnable}, reverse=True))

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names of the environments that the user has saved."""
        return tuple(offer.environment.name for offer in self.environments if offer.is_own)

    @property
    def cpu_targets(self) -> tuple[str, ...]:
        """The CPU targets that a server may be pinned to; none where all servers are on one machine."""
        return self.placing.targets

    @property
    def pools(self) -> tuple[str, ...]:
        """The names of the node pools that a server may be sent to."""
        return tuple(state.pool.name for state in self.placing.states)


def wanted_modules(configured: Sequence[Environment]) -> dict[str, tuple[str, ...]]:
    """Return release to the modules that must be looked for to make offers."""
    if not configured:
        return default_modules()
    wanted: dict[str, tuple[str, ...]] = {}
    for environment in configured:
        wanted[environment.release] = (*wanted.get(environment.release, ()), *environment.modules)
    return wanted


def make_offers(
    reading: StackReading,
    configured: Sequence[Environment],
    *,
    target: str,
    problems: Mapping[str, str] = MappingProxyType({}),
) -> Offers:
    """Return what *reading* can run of the *configured* environments, or of the defaults where none are.

    *problems* are reasons that are known already why environments cannot run, by name.
    """
    if configured:
        offers = [
            EnvironmentOffer(environment, problems.get(environment.name) or why_not(environment, reading, target))
            for environment in configured
        ]
    else:
        offers = [EnvironmentOffer(environment) for environment in default_environments(reading)]
    # A stable sort keeps the site's order within a release.
    offers.sort(key=lambda offer: offer.environment.release, reverse=True)
    return Offers(
        target=target,
        environments=tuple(offers),
        targets={release.version: release.target for release in reading.releases},
        sample=reading.sample,
    )


def no_offers(problem: EESSIError, *, target: str) -> Offers:
    """Return the offers where the stack cannot be read."""
    return Offers(target=target, problem=problem)


def why_not(environment: Environment, reading: StackReading, target: str) -> str:
    """Return why *environment* cannot run in the stack that was read for *target*; empty if it can."""
    release = reading.release(environment.release)
    if release is None:
        return f"EESSI {environment.release} is not here, or has no builds for {target}"
    missing = [module for module in environment.modules if module not in release.modules]
    if missing:
        return f"EESSI {environment.release} has no {', '.join(missing)} for {release.target}"
    return ""
