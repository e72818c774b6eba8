"""What was asked, read from a request's arguments: hostile until it is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.accelerators import parse_accelerator
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import Filters
from eessi_spawner.stack.cpu_targets import parse_cpu_target

Arguments = Mapping[str, Sequence[str]]

PAGING = ("offset", "limit")
FILTERS = ("release", "target", "accelerator", "generation", "language")
LONGEST_PART = 200
FARTHEST = 100_000
_LIMIT = 50
# More values of one filter than there are targets or releases say nothing.
_MOST_VALUES = 30


@dataclass(frozen=True)
class Span:
    """Which part of a long list is wanted: *limit* entries after the first *offset*."""

    offset: int = 0
    limit: int = _LIMIT


def check_names(arguments: Arguments, known: Collection[str]) -> None:
    """Make sure that all *arguments* are *known*: one that is misspelt would narrow nothing.

    Raises
    ------
    InvalidChoiceError
        If one is not.
    """
    for name in arguments:
        if name not in known:
            raise InvalidChoiceError(
                f"There is no parameter {name[:50]!r}.",
                advice=f"Use: {', '.join(known)}." if known else "Leave it out: this address takes none.",
            )


def values_of(arguments: Arguments, name: str) -> tuple[str, ...]:
    """Return the values of *name*; a form sends empty ones for what was not chosen, which are none.

    Raises
    ------
    InvalidChoiceError
        If there are too many.
    """
    values = tuple(value for value in arguments.get(name, ()) if value)
    if len(values) > _MOST_VALUES:
        raise InvalidChoiceError(
            f"At most {_MOST_VALUES} values of {name} are read, and {len(values)} came.", advice="Leave some out."
        )
    return values


def value_of(arguments: Arguments, name: str) -> str:
    """Return the one value of *name*, empty where there is none.

    Raises
    ------
    InvalidChoiceError
        If there are more.
    """
    values = values_of(arguments, name)
    if len(values) > 1:
        raise InvalidChoiceError(
            f"One value of {name} was expected, and {len(values)} came.", advice="Leave all but one out."
        )
    return values[0] if values else ""


def span_of(arguments: Arguments) -> Span:
    """Return which part of the answer is wanted.

    Raises
    ------
    InvalidChoiceError
        If offset or limit is no number in its bounds.
    """
    return Span(_number(arguments, "offset", 0, 0, FARTHEST), _number(arguments, "limit", _LIMIT, 1, LONGEST_PART))


def filters_of(arguments: Arguments, catalogue: Catalogue) -> Filters:
    """Return what a search is narrowed to.

    Raises
    ------
    InvalidChoiceError
        If a release is not in the catalogue, or a target or accelerator is not shaped as one.
    """
    for release in (releases := values_of(arguments, "release")):
        if release not in catalogue.releases:
            raise InvalidChoiceError(
                f"The catalogue has no release {release[:50]!r}.",
                advice=f"Use one of: {', '.join(catalogue.releases)}.",
            )
    accelerator = value_of(arguments, "accelerator")
    return Filters(
        releases=releases,
        targets=tuple(map(parse_cpu_target, values_of(arguments, "target"))),
        accelerator=parse_accelerator(accelerator) if accelerator else "",
        generations=values_of(arguments, "generation"),
        language=value_of(arguments, "language"),
    )


def _number(arguments: Arguments, name: str, default: int, least: int, most: int) -> int:
    text = value_of(arguments, name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise InvalidChoiceError(
            f"{name} must be a number from {least} to {most}, and {text[:20]!r} came.", advice="Correct it."
        )
    return int(text)
