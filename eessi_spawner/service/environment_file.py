"""Environments as a small YAML file, to keep or to hand on: written, and read as hostile. Pure.

Read are the entries of configuration: by modules, or by packages (see `environment_from_words`). All scalars are
text, since a release such as 2025.10 is no number; tags make nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.stack.catalogue.from_words import environment_from_words
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.environments import Environment

# Of a file, not of what is around it in a request.
MOST_BYTES = 64 * 1024
_MOST_ENTRIES = 200
# A list of mappings with lists of texts, below one name.
_DEEPEST = 6
_KEY = "environments"
# libyaml's is twenty times as fast, and not everywhere.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WAY = "Write it as the export does: environments, a list of entries with name, release and modules."


@dataclass(frozen=True)
class Entry:
    """One entry of a file: what it is called there, and its environment or why it is none."""

    name: str
    environment: Environment | None = None
    refused: EESSIError | None = None


def to_yaml(environments: Iterable[Environment]) -> str:
    """Return *environments* as a file that `read_entries` reads; its text is ASCII."""
    listed = [environment.to_json() for environment in environments]
    return str(yaml.safe_dump({_KEY: listed}, sort_keys=False, width=10**6))


def read_entries(catalogue: Catalogue, data: bytes) -> tuple[Entry, ...]:
    """Return the entries of a file, each as an environment that can be kept or with the reason why it cannot.

    Raises
    ------
    InvalidChoiceError
        If the file is too large or no YAML, refers to parts of itself, or is no list of entries.
    """
    if len(data) > MOST_BYTES:
        raise InvalidChoiceError(f"At most {MOST_BYTES // 1024} KB are read.", advice="Split the file.")
    found = _parsed(data)
    if isinstance(found, Mapping) and set(found) == {_KEY}:
        found = found[_KEY]
    if not isinstance(found, list) or not found:
        raise InvalidChoiceError("The file holds no list of environments.", advice=_WAY)
    if len(found) > _MOST_ENTRIES:
        raise InvalidChoiceError(
            f"At most {_MOST_ENTRIES} environments are read, and there are {len(found)}.", advice="Split the file."
        )
    return tuple(_entry(catalogue, number, data) for number, data in enumerate(found, 1))


def _parsed(data: bytes) -> object:
    """Return what YAML is in *data*: texts, lists and mappings.

    Raises
    ------
    InvalidChoiceError
        If it is none, or a short file would become a large value.
    """
    try:
        text = data.decode("utf-8-sig")
        _check_events(text)
        found: object = yaml.load(text, Loader=_LOADER)  # noqa: S506  # it makes texts, lists and mappings only
    except UnicodeDecodeError:
        raise InvalidChoiceError("The file must be text in UTF-8, and it is not.", advice=_WAY) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise InvalidChoiceError(f"The file must be YAML, and it is not{where}.", advice=_WAY) from None
    return found


def _check_events(text: str) -> None:
    """Make sure that nothing is referred to or nested deeply, without making any of it."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidChoiceError(
                "The file refers to a part of itself (*), which is not read.", advice="Write it out in each place."
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise InvalidChoiceError("The file is nested too deeply.", advice=_WAY)


def _entry(catalogue: Catalogue, number: int, data: object) -> Entry:
    name = data.get("name") if isinstance(data, Mapping) else None
    called = name[:64] if isinstance(name, str) and name else f"entry {number}"
    try:
        if not isinstance(data, Mapping):
            raise InvalidChoiceError("It is no mapping of names to values.", advice=_WAY)
        if "packages" in data:
            return Entry(called, environment_from_words(catalogue, data))
        return Entry(called, chosen_environment(catalogue, data))
    except EESSIError as error:
        return Entry(called, refused=error)
