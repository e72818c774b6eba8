"""What the form and the profiles offer of CPUs: automatic, or pinned to one target, with what each runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.offer import Offer, Verdict
from eessi_spawner.placement.offers import best, make_offers
from eessi_spawner.placement.pool import PoolState
from eessi_spawner.placement.request import Request
from eessi_spawner.stack.cpu_targets import CpuTarget, parse_cpu_target
from eessi_spawner.stack.environments import Environment

# How many pools a sentence tells of.
_REASONS = 3


@dataclass(frozen=True)
class Placing:
    """All that decides where a server can run.

    Attributes
    ----------
    states
        The pools that the user may use; none: pools are not known, and servers go wherever Kubernetes sends them.
    builds
        What exists of EESSI, and where.
    waits
        Pool's name to how many seconds its last new nodes took.
    counts_own
        Whether only this hub's own pods are counted as using room.
    """

    states: tuple[PoolState, ...] = ()
    builds: Builds = field(default_factory=lambda: Builds({}))
    waits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    counts_own: bool = False

    @property
    def own_targets(self) -> tuple[CpuTarget, ...]:
        """The CPU targets of the pools, the most specific first."""
        found = {state.pool.cpu_target for state in self.states if state.pool.cpu_target}
        return tuple(sorted(found, key=lambda target: (-len(target.fallback_chain), target)))

    @property
    def targets(self) -> tuple[str, ...]:
        """All CPU targets that a server may be pinned to: those that some pool runs."""
        return tuple(dict.fromkeys(older.path for target in self.own_targets for older in target.fallback_chain))

    def offers(self, environments: Sequence[Environment], request: Request) -> tuple[Offer, ...]:
        """Return an offer for each pool and release, best first; of a pool that was named, only that one's."""
        states = [state for state in self.states if request.pool in ("", state.pool.name)]
        return make_offers(states, environments, request, self.builds, waits=self.waits)


@dataclass(frozen=True)
class CpuChoice:
    """A CPU to choose, and the best offer for it in each release.

    Attributes
    ----------
    target
        The CPU target that servers are pinned to; None: automatic.
    by_release
        Release to its offer, newest first.
    """

    target: CpuTarget | None
    by_release: Mapping[str, Offer]

    @property
    def value(self) -> str:
        """What options call it; empty: automatic."""
        return self.target.path if self.target else ""

    @property
    def is_possible(self) -> bool:
        """Whether something of some release can run."""
        return any(map(self.can_run, self.by_release))

    def can_run(self, release: str) -> bool:
        """Say whether something of *release* can run."""
        offer = self.by_release.get(release)
        return offer is not None and offer.verdict < Verdict.CANNOT


def cpu_choices(placing: Placing, environments: Sequence[Environment], request: Request) -> tuple[CpuChoice, ...]:
    """Return what of CPUs can be chosen for *environments*: automatic first; none where pools are not known."""
    if not placing.states:
        return ()
    # Where all pools are alike, a pin changes nothing.
    targets = placing.own_targets if len(placing.own_targets) > 1 else ()
    return tuple(
        CpuChoice(target, _by_release(placing.offers(environments, replace(request, pin=target))))
        for target in (None, *targets)
    )


def _by_release(offers: Sequence[Offer]) -> dict[str, Offer]:
    first: dict[str, Offer] = {}
    for offer in offers:
        first.setdefault(offer.release, offer)
    return dict(sorted(first.items(), reverse=True))


def choose_pool(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return the offers, one for each release, of the pool that serves most environments, of those the best.

    Parameters
    ----------
    offers
        Best first, of one or several releases.
    """
    pools: dict[str, list[Offer]] = {}
    for offer in offers:
        pools.setdefault(offer.state.pool.name, []).append(offer)
    # Sorting is stable: pools that are alike stay in the order of their best offers.
    ranked = sorted(
        pools.values(),
        key=lambda own: (
            all(offer.verdict is Verdict.CANNOT for offer in own),
            -sum(len(offer.builds) for offer in own),
            max(offer.verdict is Verdict.WAITS for offer in own),
        ),
    )
    return tuple(ranked[0]) if ranked else ()


def why_nowhere(placing: Placing, environments: Sequence[Environment], request: Request) -> InvalidChoiceError:
    """Return the error of a server that no pool can run now: the reasons, and what can be had instead."""
    offers = placing.offers(environments, request)
    # What the pools say that could run it counts; those of other CPUs are no news.
    offers = tuple(found for found in offers if _runs(found.state, request.pin)) or offers
    reasons = list(dict.fromkeys(f"{offer.state.pool.name}: {offer.sentence}" for offer in offers))
    wanted = f" with builds for {request.pin}" if request.pin else ""
    message = f"No node pool can run this server{wanted} ({'; '.join(reasons[:_REASONS])})."
    instead = best(placing.offers(environments, replace(request, pin=None, pool="")))
    if instead is None:
        return InvalidChoiceError(message, advice="Choose smaller resources, or tell an administrator of this hub.")
    return InvalidChoiceError(message, advice=f"Choose any CPU: pool {instead.state.pool.name} has {instead.sentence}.")


def _runs(state: PoolState, pin: CpuTarget | None) -> bool:
    return pin is None or (state.pool.cpu_target is not None and state.pool.cpu_target.runs(pin))


def pin_from(cpu_target: str) -> CpuTarget | None:
    """Return the target of a trait or an option; None where it is automatic."""
    return parse_cpu_target(cpu_target) if cpu_target else None
