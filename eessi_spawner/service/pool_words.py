"""On which of the hub's pools something runs now, in words for people. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from eessi_spawner.placement.offer import Offer, Verdict
from eessi_spawner.service.pools import PoolsView

# How many pools, reasons or modules a sentence names.
_NAMED = 4


@dataclass(frozen=True)
class PoolLine:
    """What is said of some modules: which ones (empty: all that are shown together), and where they run."""

    of: str
    words: str


def words_of(offers: Sequence[Offer], view: PoolsView) -> str:
    """Return on which pools runs what the *offers*, of one release, are for: a sentence or two with their stops."""
    able = [offer for offer in offers if offer.verdict < Verdict.CANNOT]
    now = [offer for offer in able if offer.verdict is not Verdict.WAITS]
    new = [offer for offer in able if offer.verdict is Verdict.WAITS and offer.state.can_grow]
    full = [offer for offer in able if offer.verdict is Verdict.WAITS and not offer.state.can_grow]
    if not able:
        reasons = list(dict.fromkeys(f"{offer.state.pool.name}: {offer.reason}" for offer in offers))
        return f"Cannot run on this hub's node pools now ({_listed(reasons, '; ')})."
    sentences = []
    if now:
        sentences.append(f"Runs now on {_listed([_where(offer, _free(offer)) for offer in now])}.")
    elif full and not new:
        return f"Waits until a node is free on {_listed([_where(offer) for offer in full])}."
    else:
        sentences.append("No node is free now.")
    if new:
        nodes = _listed([_where(offer, _wait(offer, view)) for offer in new])
        sentences.append(f"A new node can be started on {nodes}.")
    return " ".join(sentences)


def lines_of(modules: Sequence[tuple[str, str]], words: Sequence[str]) -> tuple[PoolLine, ...]:
    """Return the *words* of *modules* (name and release), those that are alike once.

    What is true of all modules of a release, and of them alone, is said of the release.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for module, said in zip(modules, words, strict=True):
        alike.setdefault(said, []).append(module)
    if len(alike) == 1:
        return (PoolLine("", words[0]),)
    return tuple(PoolLine(_label(same, modules), said) for said, same in alike.items())


def _label(same: Sequence[tuple[str, str]], modules: Sequence[tuple[str, str]]) -> str:
    releases = list(dict.fromkeys(release for _, release in same))
    if set(same) == {module for module in modules if module[1] in releases}:
        return f"EESSI {' and '.join(releases)}"
    return _listed([f"{name} in {release}" for name, release in same])


def _where(offer: Offer, *notes: str) -> str:
    """Return the pool's name, with whose builds run there if they are not those of its own CPU."""
    builds = [build.target.short_name for build in offer.builds.values() if build.is_less and build.target]
    told = ", ".join(filter(None, (*(f"{name} builds" for name in builds), *notes)))
    return f"{offer.state.pool.name} ({told})" if told else offer.state.pool.name


def _free(offer: Offer) -> str:
    if offer.free is None:
        return ""
    return "1 node free" if offer.free == 1 else f"{offer.free} nodes free"


def _wait(offer: Offer, view: PoolsView) -> str:
    waited = view.waits.get(offer.state.pool.name, ())
    if not waited:
        return ""
    minutes = max(math.ceil(max(waited) / 60), 1)
    return f"about {minutes} {'minute' if minutes == 1 else 'minutes'}"


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = f"{between}and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return between.join(names[:_NAMED]) + more
