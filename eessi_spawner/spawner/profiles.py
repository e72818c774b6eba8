"""The admin's `profile_list`: it gains one option, and what is posted for it is checked before KubeSpawner acts on it.

Pure. KubeSpawner itself answers an unknown choice with a KeyError and a profile that is gone with a ValueError
(`spawner.py`, `_load_profile` and `_get_profile`), which users see as "500" and JupyterHub 5 counts as failures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.spawner.choice import ALL_RELEASES, listed, shown
from eessi_spawner.spawner.offers import Offers

Json = Mapping[str, Any]

OPTION = "eessi"
_UNLISTED = "--unlisted-choice"
_MAX_UNLISTED = 500


def add_release_option(profiles: Sequence[Json], offers: Offers, release: str) -> list[dict[str, Any]]:
    """Return *profiles*, each with the option `eessi` to choose the release; one that has such an option keeps its own.

    Choices are plain JSON, so that forms may hand them to a browser.

    Parameters
    ----------
    release
        The default; empty: the newest.
    """
    choices = _choices(offers, release or next(iter(offers.releases), ""))
    if not choices:
        return [dict(profile) for profile in profiles]
    option = {"display_name": "EESSI release", "choices": choices}
    return [
        {**profile, "profile_options": {OPTION: option, **profile.get("profile_options", {})}} for profile in profiles
    ]


def _choices(offers: Offers, default: str) -> dict[str, Json]:
    choices: dict[str, Json] = {}
    versions = (*offers.releases, ALL_RELEASES) if len(offers.releases) > 1 else offers.releases
    for version in versions:
        environments = [found for found in offers.runnable if version in (ALL_RELEASES, found.release)]
        titles = ", ".join(found.title for found in environments)
        name = "All releases, side by side" if version == ALL_RELEASES else f"{version}: {titles}"
        choices[version] = {
            "display_name": name,
            "default": version == default,
            "kubespawner_override": {
                "release": version,
                "module_environments": [found.name for found in environments],
            },
        }
    return choices


def check_profile_options(options: Json, profiles: Sequence[Json]) -> None:
    """Make sure that KubeSpawner can act on *options*.

    Parameters
    ----------
    options
        `profile` and the options of that profile.
    profiles
        As KubeSpawner initialises them: with slugs and defaults.

    Raises
    ------
    InvalidChoiceError
        If a profile, an option or a choice does not exist, or a value is of the wrong type.
    """
    slug = options.get("profile") or ""
    matching = [profile for profile in profiles if (profile["slug"] == slug if slug else profile.get("default"))]
    if not matching:
        raise _unknown("profile", slug, [profile["slug"] for profile in profiles])
    settings = matching[0].get("profile_options") or {}
    for key, value in options.items():
        if key == "profile":
            continue
        name = key.removesuffix(_UNLISTED)
        if name not in settings:
            raise _unknown("option", key, list(settings))
        choices = settings[name].get("choices") or {}
        typed = key.endswith(_UNLISTED)
        if value and not (isinstance(value, str) and (typed or value in choices)):
            raise _unknown(f"choice of '{shown(name)}'", value, list(choices))
        if typed:
            _check_unlisted(name, value, settings[name].get("unlisted_choice") or {})
    _check_complete(options, settings)


def _check_complete(options: Json, settings: Json) -> None:
    """Make sure that an option without choices, which has no default, is given."""
    for name, option in settings.items():
        if not (option.get("choices") or options.get(name + _UNLISTED)):
            raise InvalidChoiceError(
                f"The option '{shown(name)}' needs a value, and none came.",
                advice=f"Post it as '{shown(name)}{_UNLISTED}'.",
            )


def _check_unlisted(name: str, value: str | None, unlisted: Json) -> None:
    """Check a text that a user typed; KubeSpawner formats it into traits, where braces are fields."""
    if not value:
        return
    if not unlisted.get("enabled"):
        raise InvalidChoiceError(
            f"The option '{shown(name)}' takes no values of one's own.", advice="Choose one of those listed."
        )
    pattern = unlisted.get("validation_regex")
    fits = not pattern or re.match(pattern, value)
    if not fits or len(value) > _MAX_UNLISTED or {"{", "}"} & set(value) or not value.isprintable():
        raise InvalidChoiceError(
            f"{shown(value)!r} cannot be used for the option '{shown(name)}'.",
            advice=str(unlisted.get("validation_message") or "Correct it; it may have no braces and no line ends."),
        )


def _unknown(what: str, value: object, known: list[str]) -> InvalidChoiceError:
    return InvalidChoiceError(f"There is no {what} '{shown(value)}'.", advice=f"Choose from: {listed(known)}.")
