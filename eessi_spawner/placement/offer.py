"""An offer: what of one EESSI release a server gets on one pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from eessi_spawner.placement.builds import Build
from eessi_spawner.placement.pool import PoolState


class Verdict(IntEnum):
    """What comes of a server on a pool, best first."""

    WORKS = 0
    LESS = 1
    WAITS = 2
    CANNOT = 3


@dataclass(frozen=True)
class Offer:
    """A pool, a release, and what one server gets of it there.

    Attributes
    ----------
    state
        The pool, as it is now.
    release
        The EESSI version.
    builds
        Environment's name to what it runs, for those that run. Empty exactly if nothing can.
    refused
        Environment's name to why it does not run there, for the others; empty where the pool itself is the reason.
    reason
        Why the server cannot run there; empty if it can.
    free
        On how many nodes there is room for it now; None: nobody counts.
    accelerator
        The GPU target whose builds it gets; empty: none.
    lacks_accelerator
        Whether the server asks for a GPU, and the release has no builds for those of the pool: its CPU builds run.
    sentence
        All this, for people.
    """

    state: PoolState
    release: str
    builds: Mapping[str, Build] = field(default_factory=lambda: MappingProxyType({}))
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = ""
    free: int | None = None
    accelerator: str = ""
    lacks_accelerator: bool = False
    sentence: str = ""

    @property
    def is_less(self) -> bool:
        """Whether some of what runs is built for an older CPU, whether or not it has to wait."""
        return any(build.is_less for build in self.builds.values())

    @property
    def verdict(self) -> Verdict:
        """What comes of it; a server that waits may get less as well, which `is_less` and the sentence say."""
        if self.reason:
            return Verdict.CANNOT
        if self.free == 0:
            return Verdict.WAITS
        return Verdict.LESS if self.is_less else Verdict.WORKS
