"""Who may use what: environments, releases and pools that are kept for groups of JupyterHub. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.spawner.offers import Offers

KEY = "allowed_groups"


def check_groups(what: str, groups: object) -> None:
    """Make sure that *groups*, of the thing that *what* names, is a list of group names.

    Raises
    ------
    InvalidChoiceError
        If it is not.
    """
    if not isinstance(groups, (list, tuple)) or not all(isinstance(group, str) and group for group in groups):
        raise InvalidChoiceError(
            f"{what}: {KEY} was expected to be a list of group names, and is {str(groups)[:60]!r}.",
            advice=f'Write it as {{"{KEY}": ["astronomy"]}}; without it everybody may use it.',
        )


def may_use(allowed: Collection[str], groups: Collection[str]) -> bool:
    """Say whether somebody in *groups* may use what is kept for *allowed*; empty: for everybody."""
    return not allowed or not set(allowed).isdisjoint(groups)


def restrict(
    offers: Offers,
    groups: Collection[str],
    *,
    entries: Sequence[Mapping[str, Any]],
    release_groups: Mapping[str, Collection[str]],
) -> Offers:
    """Return what of *offers* somebody in *groups* may choose; the rest is as if it did not exist.

    Parameters
    ----------
    entries
        The site's list of environments, some with `allowed_groups`.
    release_groups
        Release to the groups that it is kept for.
    """
    kept = {entry["name"] for entry in entries if not may_use(entry.get(KEY, ()), groups)}
    return replace(
        offers,
        environments=tuple(
            offer
            for offer in offers.environments
            if offer.environment.name not in kept and may_use(release_groups.get(offer.environment.release, ()), groups)
        ),
    )


def named_groups(
    entries: Sequence[Mapping[str, Any]], release_groups: Mapping[str, Collection[str]]
) -> dict[str, set[str]]:
    """Return each group that the configuration names, with what is kept for it, in words."""
    named: dict[str, set[str]] = {}
    for entry in entries:
        for group in entry.get(KEY, ()):
            named.setdefault(group, set()).add(f"environment {entry['name']}")
    for release, groups in release_groups.items():
        for group in groups:
            named.setdefault(group, set()).add(f"release {release}")
    return named
