"""The admin's `profile_list`: it gains one option, and what is posted for it is checked before KubeSpawner acts on it.

Pure. KubeSpawner itself answers an unknown choice with a KeyError and a profile that is gone with a ValueError
(`spawner.py`, `_load_profile` and `_get_profile`), which users see as "500" and JupyterHub 5 counts as failures.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.labels import encode
from eessi_spawner.spawner.choice import ALL_RELEASES, AUTOMATIC, listed, shown
from eessi_spawner.spawner.cpus import CpuChoice
from eessi_spawner.spawner.offers import Offers

Json = Mapping[str, Any]

OPTION = "eessi"
_UNLISTED = "--unlisted-choice"
_MAX_UNLISTED = 500


def add_eessi_option(
    profiles: Sequence[Json], offers: Offers, release: str, cpus_of: Callable[[Json], Sequence[CpuChoice]]
) -> list[dict[str, Any]]:
    """Return *profiles*, each with the option `eessi` to choose release and CPU; one that has such an option keeps it.

    What a profile sets itself is not to be chosen: one that sets environments gets no option, of one that sets the
    release or the CPU only these are offered. Choices are plain JSON, so that forms may hand them to a browser. A
    profile that nothing can run says why in its description.

    Parameters
    ----------
    release
        The default; empty: the newest.
    cpus_of
        What of CPUs can be chosen by a server with a profile's `kubespawner_override`.
    """
    return [
        _with_option(profile, offers, release, cpus_of(profile.get("kubespawner_override") or {}))
        for profile in profiles
    ]


def _with_option(profile: Json, offers: Offers, release: str, cpus: Sequence[CpuChoice]) -> dict[str, Any]:
    own = profile.get("kubespawner_override") or {}
    if own.keys() & {"eessi_environments", "module_environments"}:
        return dict(profile)
    only = own.get("release") or ""
    choices = _choices(offers, only or release or next(iter(offers.releases), ""), cpus)
    if only:
        choices = {key: choice for key, choice in choices.items() if choice["kubespawner_override"]["release"] == only}
    if choices:
        option = {"display_name": "EESSI release and CPU" if cpus else "EESSI release", "choices": choices}
        return {**profile, "profile_options": {OPTION: option, **profile.get("profile_options", {})}}
    if cpus and offers.releases:
        offer = next(iter(cpus[0].by_release.values()))
        reason = html.escape(f"Cannot run now. Pool {offer.state.pool.name}: {offer.sentence}.")
        return {**profile, "description": f"{profile.get('description', '')} {reason}".strip()}
    return dict(profile)


def _choices(offers: Offers, default: str, cpus: Sequence[CpuChoice]) -> dict[str, Json]:
    """Return what can run, as KubeSpawner's choices; where pools are not known, each release."""
    choices: dict[str, Json] = {}
    default_cpus = [cpu for cpu in cpus if cpu.is_default]
    versions = (*offers.releases, ALL_RELEASES) if len(offers.releases) > 1 else offers.releases
    for version in versions:
        environments = [found for found in offers.runnable if version in (ALL_RELEASES, found.release)]
        titles = ", ".join(found.title for found in environments)
        name = "All releases, side by side" if version == ALL_RELEASES else f"{version}: {titles}"
        override = {"release": version, "module_environments": [found.name for found in environments]}
        if not cpus:
            choices[version] = _choice(name, override, is_default=version == default)
            continue
        # Side by side releases differ in what they have for a CPU: what runs is said when the server starts.
        of_release = default_cpus if version == ALL_RELEASES else [cpu for cpu in cpus if cpu.can_run(version)]
        for cpu in of_release:
            if version != ALL_RELEASES:
                name = f"{version}, {cpu.value or AUTOMATIC}: {cpu.by_release[version].sentence}"
            elif not cpu.is_possible:
                continue
            key = f"{version}-{encode(cpu.value)}" if cpu.value and version != ALL_RELEASES else version
            is_default = version == default and cpu.is_default
            choices[key] = _choice(name, {**override, "cpu_target": cpu.value}, is_default=is_default)
    return choices


def _choice(name: str, override: Json, *, is_default: bool) -> Json:
    return {"display_name": name, "default": is_default, "kubespawner_override": override}


def find_profile(options: Json, profiles: Sequence[Json]) -> Json:
    """Return the one of *profiles* that *options* choose, else the default.

    Parameters
    ----------
    profiles
        As KubeSpawner initialises them: with slugs and defaults.

    Raises
    ------
    InvalidChoiceError
        If there is no such profile.
    """
    slug = options.get("profile") or ""
    matching = [profile for profile in profiles if (profile["slug"] == slug if slug else profile.get("default"))]
    if not matching:
        raise _unknown("profile", slug, [profile["slug"] for profile in profiles])
    return matching[0]


def check_profile_options(options: Json, profile: Json) -> None:
    """Make sure that KubeSpawner can act on *options*.

    Parameters
    ----------
    options
        `profile` and the options of that profile.
    profile
        The one that they choose, as KubeSpawner initialises it.

    Raises
    ------
    InvalidChoiceError
        If an option or a choice does not exist, or a value is of the wrong type.
    """
    settings = profile.get("profile_options") or {}
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
