"""What the form and the profiles offer of CPUs: automatic, or pinned to one target, with what each runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    def targets(self) -> tuple[str, ...]:
        """All CPU targets that a server may be pinned to: those that some pool runs."""
        return tuple(dict.fromkeys(older.path for own in own_targets(self.states) for older in own.fallback_chain))

    def of_pool(self, name: str) -> tuple[PoolState, ...]:
        """Return the pool *name*, if it is there; all where the name is empty."""
        return tuple(state for state in self.states if name in ("", state.pool.name))

    def offers(self, environments: Sequence[Environment], request: Request) -> tuple[Offer, ...]:
        """Return an offer for each pool and release, best first; of a pool that was named, only that one's.

        Where some pools run the builds that are asked for, those of other CPUs are no news.
        """
        named = self.of_pool(request.pool)
        states = [state for state in named if _runs(state, request.pin)] or named
        return make_offers(states, environments, request, self.builds, waits=self.waits)

    def without_environments(self, request: Request) -> tuple[Offer, ...]:
        """Return what there is for a server that has no environment of EESSI, best first."""
        offers = (
            Offer(state, "", reason=why_not(state, request), free=state.free_for(request.resources))
            for state in self.of_pool(request.pool)
        )
        told = (replace(offer, sentence=offer.reason or "no environments of EESSI") for offer in offers)
        return tuple(sorted(told, key=lambda offer: offer.verdict))


def own_targets(states: Iterable[PoolState]) -> tuple[CpuTarget, ...]:
    """Return the CPU targets of pools, the most specific first."""
    return tuple(sorted({state.pool.cpu_target for state in states if state.pool.cpu_target}, key=_most_specific_first))


def _most_specific_first(target: CpuTarget) -> tuple[int, CpuTarget]:
    return -len(target.fallback_chain), target


@dataclass(frozen=True)
class CpuChoice:
    """A CPU to choose, and what is offered for it.

    Attributes
    ----------
    target
        The CPU target that servers are pinned to; None: automatic.
    offers
        Those of the pools that run it, best first.
    """

    target: CpuTarget | None
    offers: tuple[Offer, ...]

    @property
    def value(self) -> str:
        """What options call it; empty: automatic."""
        return self.target.path if self.target else ""

    @property
    def by_release(self) -> Mapping[str, Offer]:
        """Release to its best offer, newest first."""
        best_last = {offer.release: offer for offer in reversed(self.offers)}
        return dict(sorted(best_last.items(), reverse=True))

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases of which something can run."""
        return tuple(release for release, offer in self.by_release.items() if offer.verdict < Verdict.CANNOT)

    @property
    def verdict(self) -> Verdict:
        """What comes of the best of its releases."""
        return min((offer.verdict for offer in self.offers), default=Verdict.CANNOT)

    def pool_to_tell(self, release: str) -> str:
        """Return the name of the pool that serves *release*; empty where it is called like the CPU that is chosen."""
        pool = self.by_release[release].state.pool
        cpu = self.target or pool.cpu_target
        return "" if cpu and pool.name == cpu.short_name else pool.name


def cpu_choices(
    placing: Placing, environments: Sequence[Environment], request: Request, *, is_fixed: bool = False
) -> tuple[CpuChoice, ...]:
    """Return what of CPUs can be chosen for *environments*; none where pools are not known.

    Automatic comes first. Then come CPUs with nodes that are free, those that have to wait, those that cannot serve.

    Parameters
    ----------
    request
        Its pin is offered even if it is no pool's own, as when an older one was chosen by a link.
    is_fixed
        Whether this pin, or automatic, is all there is to choose, as where the administrator's profile sets it.
    """
    states = placing.of_pool(request.pool)
    if not states:
        return ()
    if is_fixed:
        return (_choice(placing, environments, request, request.pin),)
    own = own_targets(states)
    # Where all pools are alike, a pin changes nothing.
    pins = set(own) if len(own) > 1 else set()
    if request.pin and request.pin.path in placing.targets:
        pins.add(request.pin)
    pinned = [_choice(placing, environments, request, pin) for pin in sorted(pins, key=_most_specific_first)]
    # The sort is stable. Older builds are no worse a place to start than others.
    pinned.sort(key=lambda choice: max(choice.verdict, Verdict.LESS))
    return (_choice(placing, environments, request, None), *pinned)


def _choice(
    placing: Placing, environments: Sequence[Environment], request: Request, pin: CpuTarget | None
) -> CpuChoice:
    return CpuChoice(pin, placing.offers(environments, replace(request, pin=pin)))


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
    if not offers:
        return InvalidChoiceError(
            f"Node pool {request.pool!r} is not there, or is kept for others.", advice="Choose another pool or profile."
        )
    wanted = f" with builds for {request.pin}" if request.pin else ""
    message = f"No node pool can run this server{wanted} ({why_cannot(offers)})."
    instead = best(placing.offers(environments, replace(request, pin=None, pool="")))
    if instead is None:
        return InvalidChoiceError(message, advice="Choose smaller resources, or tell an administrator of this hub.")
    return InvalidChoiceError(message, advice=f"Choose any CPU: pool {instead.state.pool.name} has {instead.sentence}.")


def why_cannot(offers: Sequence[Offer]) -> str:
    """Return the reasons of *offers* that cannot run, each with its pools; what is said of few pools tells most."""
    pools: dict[str, list[str]] = {}
    for offer in offers:
        names = pools.setdefault(offer.sentence, [])
        if offer.state.pool.name not in names:
            names.append(offer.state.pool.name)
    told = [
        f"{', '.join(names)}: {sentence}" for sentence, names in sorted(pools.items(), key=lambda found: len(found[1]))
    ]
    return "; ".join(told[:_REASONS])


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
