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
from eessi_spawner.spawner.brief import line_of
from eessi_spawner.spawner.choice import ALL_RELEASES, listed, shown
from eessi_spawner.spawner.cpus import CpuChoice, why_cannot
from eessi_spawner.spawner.offers import Offers

Json = Mapping[str, Any]

OPTION = "eessi"
_SIDE_BY_SIDE = "All releases, side by side"
_UNLISTED = "--unlisted-choice"
_MAX_UNLISTED = 500


def add_eessi_option(
    profiles: Sequence[Json],
    offers: Offers,
    *,
    release: str = "",
    cpu_target: str = "",
    cpus_of: Callable[[Json], Sequence[CpuChoice]],
) -> list[dict[str, Any]]:
    """Return *profiles*, each with the option `eessi` to choose release and CPU; one that has such an option keeps it.

    What a profile sets itself is not to be chosen: one that sets environments gets no option, of one that sets the
    release or the CPU only these are offered. Choices are plain JSON, so that forms may hand them to a browser. A
    profile that nothing can run says why in its description.

    Parameters
    ----------
    release
        The default; empty: the newest.
    cpu_target
        The default; empty: automatic.
    cpus_of
        What of CPUs can be chosen by a server with a profile's `kubespawner_override`.
    """
    release = release or next(iter(offers.releases), "")
    with_option = []
    for profile in profiles:
        override = profile.get("kubespawner_override") or {}
        if override.keys() & {"eessi_environments", "module_environments"}:
            with_option.append(dict(profile))
            continue
        cpus = cpus_of(override)
        reason = _why_not(offers, override.get("pool"), cpus)
        only = override.get("release") or ""
        choices = {} if reason else _choices(offers, only or release, cpu_target, cpus)
        if only:
            choices = {key: found for key, found in choices.items() if found["kubespawner_override"]["release"] == only}
        if reason:
            description = f"{profile.get('description', '')} {html.escape(reason, quote=False)}".strip()
            with_option.append({**profile, "description": description})
        elif choices:
            option = {"display_name": "EESSI release and CPU" if cpus else "EESSI release", "choices": choices}
            with_option.append({**profile, "profile_options": {OPTION: option, **profile.get("profile_options", {})}})
        else:
            with_option.append(dict(profile))
    return with_option


def _why_not(offers: Offers, pool: object, cpus: Sequence[CpuChoice]) -> str:
    """Return why nothing can run with a profile, in a sentence; empty if something can."""
    if isinstance(pool, str) and offers.placing.states and not offers.placing.of_pool(pool):
        return f"Cannot run now: node pool {pool} is not there, or is kept for others."
    if not offers.releases or not cpus or any(cpu.releases for cpu in cpus):
        return ""
    return f"Cannot run now ({why_cannot(cpus[0].offers)})."


def _choices(offers: Offers, release: str, cpu_target: str, cpus: Sequence[CpuChoice]) -> dict[str, Json]:
    """Return what can run, as KubeSpawner's choices; where pools are not known, each release."""
    choices: dict[str, Json] = {}
    versions = (*offers.releases, ALL_RELEASES) if len(offers.releases) > 1 else offers.releases
    default = next((cpu for cpu in cpus if cpu.value == cpu_target), next(iter(cpus), None))
    for version in versions:
        environments = [found for found in offers.runnable if version in (ALL_RELEASES, found.release)]
        override = {"release": version, "module_environments": [found.name for found in environments]}
        if default is None:
            titles = ", ".join(found.title for found in environments)
            name = _SIDE_BY_SIDE if version == ALL_RELEASES else f"{version}: {titles}"
            choices[version] = _choice(name, override, is_default=version == release)
            continue
        # Side by side releases differ in what they have for a CPU: what runs is said when the server starts.
        shown_cpus = [default] if version == ALL_RELEASES else [cpu for cpu in cpus if version in cpu.releases]
        for cpu in shown_cpus:
            key = f"{version}-{encode(cpu.value)}" if cpu.value else version
            is_default = version == release and cpu is default
            choices[key] = _choice(_name(version, cpu), {**override, "cpu_target": cpu.value}, is_default=is_default)
    return choices


def _name(version: str, cpu: CpuChoice) -> str:
    if version != ALL_RELEASES:
        return line_of(cpu, version)
    return f"{_SIDE_BY_SIDE}, {cpu.target.short_name}" if cpu.target else _SIDE_BY_SIDE


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
