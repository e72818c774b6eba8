"""What the published catalogue says and is not so: modules that are listed for a target and refuse to load there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Untruth:
    """Modules of *generation* in *release* are listed for *target*, and cannot be loaded on it; *source* says why."""

    release: str
    generation: str
    target: str
    reason: str
    source: str


KNOWN_UNTRUTHS: tuple[Untruth, ...] = (
    Untruth(
        release="2023.06",
        generation="2022b",
        target="x86_64/amd/zen4",
        reason="GCCcore 12.2.0 does not know Zen 4: there are module files, and each refuses to load",
        source="EESSI/docs, docs/known_issues/eessi-2023.06.md; EESSI/software-layer-scripts, eb_hooks.py:825-838",
    ),
)


def untrue_targets(release: str, generation: str | None) -> frozenset[str]:
    """Return the targets that modules of *generation* in *release* are wrongly listed for."""
    return frozenset(
        untruth.target for untruth in KNOWN_UNTRUTHS if untruth.release == release and untruth.generation == generation
    )


def without_untruths(release: str, generation: str | None, targets: Iterable[str]) -> tuple[str, ...]:
    """Return *targets*, sorted, less those that are known not to be so."""
    return tuple(sorted(set(targets) - untrue_targets(release, generation)))


def are_initials(name: str, version: str) -> bool:
    """Say whether *name* and *version* are the first two letters of a name, and no package at all.

    EESSI's script takes the first two parts of an extension for its name and version; for the packages of R itself
    (`stats`, `utils`) EasyBuild has a text in its place, and `s` of version `t` is listed (EESSI/docs,
    docs/available_software/detail/R.md).
    """
    return len(name) == len(version) == 1 and version.isalpha()
