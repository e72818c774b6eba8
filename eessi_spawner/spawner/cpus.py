"""What the form and the profiles offer of CPUs: automatic, or pinned to one target, with what each runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.builds import Builds
from eessi_spawner.placement.fits import why_not
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
    all_kept
        Whether pools are known, and every one is kept for groups that the user is not in.
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
    all_kept: bool = False

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
        """Return an offer for each pool and release, best first; of a pool that was named, only that one's.

        Where some pools run the builds that are asked for, those of other CPUs are no news.
        """
        named = [state for state in self.states if request.pool in ("", state.pool.name)]
        states = [state for state in named if _runs(state, request.pin)] or named
        return make_offers(states, environments, request, self.builds, waits=self.waits)

    def without_environments(self, request: Request) -> tuple[Offer, ...]:
        """Return what there is for a server that has no environment of EESSI, best first."""
        offers = (
            Offer(state, "", reason=why_not(state, request), free=state.free_for(request.resources))
            for state in self.states
            if request.pool in ("", state.pool.name)
        )
        told = (replace(offer, sentence=offer.reason or "no environments of EESSI") for offer in offers)
        return tuple(sorted(told, key=lambda offer: offer.verdict))


@dataclass(frozen=True)
class CpuChoice:
    """A CPU to choose, and the best offer for it in each release.

    Attributes
    ----------
    target
        The CPU target that servers are pinned to; None: automatic.
    by_release
        Release to its offer, newest first.
    is_default
        Whether it is what a server gets for which nothing is chosen.
    """

    target: CpuTarget | None
    by_release: Mapping[str, Offer]
    is_default: bool = False

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


def cpu_choices(
    placing: Placing, environments: Sequence[Environment], request: Request, *, is_fixed: bool = False
) -> tuple[CpuChoice, ...]:
    """Return what of CPUs can be chosen for *environments*: automatic first; none where pools are not known.

    Parameters
    ----------
    request
        Its pin is the default.
    is_fixed
        Whether there is nothing but the default.
    """
    if not placing.states:
        return ()
    # Where all pools are alike, a pin changes nothing.
    targets = placing.own_targets if len(placing.own_targets) > 1 else ()
    wanted = (request.pin,) if is_fixed else dict.fromkeys((None, *targets, request.pin))
    return tuple(
        CpuChoice(
            target, _by_release(placing.offers(environments, replace(request, pin=target))), target == request.pin
        )
        for target in wanted
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
    offers = placing.offers(environments, request) or placing.without_environments(request)
    reasons = list(dict.fromkeys(f"{offer.state.pool.name}: {offer.sentence}" for offer in offers))
    wanted = f" with builds for {request.pin}" if request.pin else ""
    why = "; ".join(reasons[:_REASONS]) or f"there is no pool {request.pool!r} for you"
    message = f"No node pool can run this server{wanted} ({why})."
    instead = best(placing.offers(environments, replace(request, pin=None, pool="")))
    if instead is None:
        return InvalidChoiceError(message, advice="Choose smaller resources, or tell an administrator of this hub.")
    return InvalidChoiceError(message, advice=f"Choose any CPU: pool {instead.state.pool.name} has {instead.sentence}.")


def all_kept() -> InvalidChoiceError:
    """Return the error of a user who may use no pool."""
    return InvalidChoiceError(
        "All node pools of this hub are kept for groups that you are not in.",
        advice="Ask an administrator of this hub for one of these groups.",
    )


def _runs(state: PoolState, pin: CpuTarget | None) -> bool:
    return pin is None or (state.pool.cpu_target is not None and state.pool.cpu_target.runs(pin))


def pin_from(cpu_target: str) -> CpuTarget | None:
    """Return the target of a trait or an option; None where it is automatic."""
    return parse_cpu_target(cpu_target) if cpu_target else None
