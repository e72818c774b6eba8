"""Chooses the version to install where the one that a module brings may not exist for this Python."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

# What pip says of a release that does not exist; it names those that do, and that this Python can run.
_OFFERED = re.compile(r"\(from versions: (?P<versions>[^)]*)\)")


def choose_nearest(wanted: str, offered: Iterable[str]) -> str | None:
    """Return *wanted* where it is offered, else the smallest larger version, else the largest smaller.

    A newer one is preferred since an older Python's packages seldom exist for a newer Python, while the
    reverse is the rule. Pre-releases are never chosen in another's place. None where nothing is offered.
    """
    target = Version(wanted)
    parsed = [_parse_version(text) for text in offered]
    known = sorted(version for version in parsed if version is not None)
    exact = [version for version in known if version == target]
    if exact:
        return str(exact[0])
    stable = [version for version in known if not version.is_prerelease]
    larger = [version for version in stable if version > target]
    smaller = [version for version in stable if version < target]
    if larger:
        return str(larger[0])
    return str(smaller[-1]) if smaller else None


def parse_offered(words: str) -> tuple[str, ...]:
    """Return the versions that pip lists when it is asked for one that does not exist."""
    found = _OFFERED.search(words)
    if found is None:
        return ()
    versions = (version.strip() for version in found["versions"].split(","))
    return tuple(version for version in versions if version and version != "none")


def _parse_version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:  # a name from before there was a rule
        return None
