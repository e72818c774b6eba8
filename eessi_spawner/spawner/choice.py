"""What was chosen: posted options, hostile until they are validated here. Pure."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.stack.cpu_targets import parse_cpu_target
from eessi_spawner.stack.environments import Environment

ALL_RELEASES = "all"
# A field of the form alone: it tells "nothing is ticked" from "nothing was said".
FORM_MARK = "eessi-form"
# Any CPU: the best that is free, whose builds each kernel finds itself.
AUTOMATIC = "automatic"
OPTIONS = ("release", "environments", "cpu_target", "pool")
_MAX_CHOSEN = 20
_MAX_LISTED = 10


@dataclass(frozen=True)
class Choice:
    """What a user took of what is offered.

    Attributes
    ----------
    release
        A release, or `all`.
    environments
        What becomes a kernel, the default kernel first.
    cpu_target
        The CPU target that the server is pinned to; empty: automatic. None: nothing was said.
    pool
        The node pool that it has to run in; empty: nothing was said.
    """

    release: str
    environments: tuple[Environment, ...]
    cpu_target: str | None = None
    pool: str = ""

    def to_options(self) -> dict[str, Any]:
        """Return the choice as `user_options` hold it."""
        options: dict[str, Any] = {
            "release": self.release,
            "environments": [environment.name for environment in self.environments],
        }
        if self.cpu_target is not None:
            options["cpu_target"] = self.cpu_target or AUTOMATIC
        if self.pool:
            options["pool"] = self.pool
        return options


def options_from_fields(fields: Mapping[str, list[Any]], offers: Offers) -> dict[str, Any]:
    """Return the options that a form or a link gives, not yet validated.

    In the form, environments of releases other than the chosen one are passed over: a browser posts
    them even where the page hides them.

    Parameters
    ----------
    fields
        Field name to its values, as JupyterHub gives them.

    Raises
    ------
    InvalidChoiceError
        If a field is unknown or given twice, or if in the form nothing is ticked.
    """
    from_form = FORM_MARK in fields
    unknown = set(fields) - {*OPTIONS, FORM_MARK, "_xsrf"}
    if unknown:
        raise _unknown_options(unknown)
    options: dict[str, Any] = {}
    for name in ("release", "cpu_target", "pool"):
        if values := fields.get(name):
            if len(values) > 1:
                raise InvalidChoiceError(f"One {name} was expected, several came.", advice="Choose one of them.")
            options[name] = values[0]
    names = list(fields.get("environments", ()))
    if from_form:
        release = options.get("release", ALL_RELEASES)
        others = {
            offer.environment.name
            for offer in offers.environments
            if release not in (ALL_RELEASES, offer.environment.release)
        }
        names = [name for name in names if name not in others]
        if not names and offers.runnable:
            raise InvalidChoiceError(
                "No environment was chosen for this release.", advice="Tick at least one environment of it."
            )
    if names:
        options["environments"] = names
    return options


def offered_fields(fields: Mapping[str, list[Any]], offers: Offers) -> dict[str, Any]:
    """Return the release and the CPU of a form, where they are offered: a form that is refused comes back with them."""
    known = {"release": (ALL_RELEASES, *offers.releases), "cpu_target": (AUTOMATIC, *offers.cpu_targets)}
    given = {
        name: next((value for value in fields.get(name, ()) if value in values), "") for name, values in known.items()
    }
    return {name: value for name, value in given.items() if value}


def validate_options(options: object, offers: Offers) -> Choice:
    """Return the choice that *options* stand for.

    Without a release the newest counts, without environments all runnable ones of the release.

    Raises
    ------
    InvalidChoiceError
        If anything in *options* is not offered, or of the wrong type.
    EESSIError
        The stack's problem, if there is one and something of it was asked for.
    """
    if not isinstance(options, Mapping):
        raise InvalidChoiceError(
            f"Options were expected as a mapping, {shown(type(options).__name__)} came.",
            advice='Post {"release": ..., "environments": [...], "cpu_target": ..., "pool": ...}.',
        )
    if unknown := set(options) - set(OPTIONS):
        raise _unknown_options(unknown)
    # As many as are offered may be chosen: by default all are.
    chosen_names = _names(options.get("environments", []), most=max(_MAX_CHOSEN, len(offers.environments)))
    names = [offers.aliases.get(name, name) for name in chosen_names]
    if offers.own_unknown:
        # A server starts without the user's own rather than not at all.
        names = [name for name in names if name in {offer.environment.name for offer in offers.environments}]
    release = options.get("release", "")
    cpu_target = _cpu_target(options.get("cpu_target"), offers.cpu_targets)
    pool = _one_of("node pool", options.get("pool"), offers.pools) or ""
    if offers.problem is not None:
        if names:
            raise offers.problem
        return Choice("", ())
    release = _release(release, names, offers)
    chosen = _named(names, release, offers)
    if not names:
        chosen = [found for found in offers.runnable if release in (ALL_RELEASES, found.release)]
    return Choice(release, tuple(chosen), "" if cpu_target == AUTOMATIC else cpu_target, pool)


def _cpu_target(value: object, offered: Collection[str]) -> str | None:
    try:
        return _one_of("CPU target", value, (AUTOMATIC, *offered))
    except InvalidChoiceError as error:
        chain = parse_cpu_target(value).fallback_chain if isinstance(value, str) else ()
        best = next((older.path for older in chain if older.path in offered), "")
        if not best:
            raise
        advice = f"Choose {best}, the next best that there is, or '{AUTOMATIC}'."
        raise InvalidChoiceError(error.message, advice=advice) from None


def _one_of(what: str, value: object, offered: Collection[str]) -> str | None:
    """Return *value*, which is offered; None where nothing was said."""
    if value in ("", None):
        return None
    if not isinstance(value, str) or value not in offered:
        raise InvalidChoiceError(
            f"There is no {what} '{shown(value)}' to choose.", advice=f"Choose from: {listed(list(offered))}."
        )
    return value


def _names(value: object, *, most: int) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InvalidChoiceError(
            f"Environments were expected as a list of names, {shown(value)} came.",
            advice='Post them as {"environments": ["name", ...]}.',
        )
    if len(value) > most:
        raise InvalidChoiceError(
            f"{len(value)} environments were chosen.", advice=f"Choose at most {most} for one server."
        )
    return value


def _named(names: list[str], release: str, offers: Offers) -> list[Environment]:
    offered = {offer.environment.name: offer for offer in offers.environments}
    chosen = []
    for name in dict.fromkeys(names):
        if name not in offered:
            raise InvalidChoiceError(
                f"There is no environment '{shown(name)}'.",
                advice=f"Choose from: {listed([environment.name for environment in offers.runnable])}.",
            )
        if offered[name].reason:
            raise InvalidChoiceError(
                f"Environment '{name}' cannot run here: {offered[name].reason}.",
                advice="Choose another environment.",
            )
        environment = offered[name].environment
        if release not in (ALL_RELEASES, environment.release):
            raise InvalidChoiceError(
                f"Environment '{name}' is of release {environment.release}, not of {release}.",
                advice=f"Choose release {environment.release}, or '{ALL_RELEASES}'.",
            )
        chosen.append(environment)
    return chosen


def _release(value: object, names: list[str], offers: Offers) -> str:
    if value in ("", None):
        # Named environments say themselves which release they are of.
        return ALL_RELEASES if names else next(iter(offers.releases), ALL_RELEASES)
    if not isinstance(value, str) or value not in (ALL_RELEASES, *offers.releases):
        raise InvalidChoiceError(
            f"There is no EESSI release '{shown(value)}' to choose.",
            advice=f"Choose from: {', '.join((*offers.releases, ALL_RELEASES))}.",
        )
    return value


def _unknown_options(unknown: set[Any]) -> InvalidChoiceError:
    first = min(map(str, unknown))
    return InvalidChoiceError(f"There is no option '{shown(first)}'.", advice=f"Options are: {', '.join(OPTIONS)}.")


def listed(names: list[str]) -> str:
    """Return *names* as a sentence can hold them: the first ten, and how many there are besides."""
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more or "none"


def shown(value: object) -> str:
    """Return *value* as it may stand in a message: short, and in one line of printable characters."""
    text = value if isinstance(value, str) else reprlib.repr(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60])
