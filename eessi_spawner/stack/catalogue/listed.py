"""The environments that a site lists: by their modules, or by packages that the catalogue completes to modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.catalogue.from_words import NOT_COMPLETED, environment_from_words
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.saved import FILE_NAME, current_catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.generations import GENERATIONS


@dataclass(frozen=True)
class ListedEnvironment:
    """An environment of a site's list and, where its packages cannot be had together, why."""

    environment: Environment
    problem: str = ""


def check_listed(entry: object) -> str:
    """Return the name of *entry*, if it is shaped as one that can be resolved.

    Raises
    ------
    InvalidChoiceError
        If it is not: a wrong type, a bad name or title, modules of two generations.
    """
    if not is_by_packages(entry):
        return make_environment(entry).name
    packages = entry["packages"]
    if "modules" in entry or not isinstance(packages, list) or not all(isinstance(word, str) for word in packages):
        raise InvalidChoiceError(
            f"Environment {str(entry.get('name'))[:64]!r} cannot be used: its packages must be a list of names, and"
            " stand instead of modules.",
            advice='Write it as {"name": "plots", "packages": ["numpy", "matplotlib"]}.',
        )
    return _unresolved(entry).name


def resolve_listed(
    entries: Sequence[Mapping[str, object]], targets: Sequence[CpuTarget], open_catalogue: Callable[[], Catalogue]
) -> tuple[ListedEnvironment, ...]:
    """Return the environments of *entries*, whose packages are completed for machines of *targets*.

    The catalogue is opened only if an entry needs it.

    Raises
    ------
    InvalidChoiceError
        If an entry is not shaped as `check_listed` wants it.
    """
    listed = []
    for entry in entries:
        if not is_by_packages(entry):
            listed.append(ListedEnvironment(make_environment(entry)))
            continue
        try:
            listed.append(ListedEnvironment(environment_from_words(open_catalogue(), entry, targets)))
        except InvalidChoiceError as error:
            reason = error.message.removeprefix(NOT_COMPLETED).rstrip(".")
            listed.append(ListedEnvironment(_unresolved(entry), reason))
    return tuple(listed)


def is_by_packages(entry: object) -> TypeGuard[Mapping[str, object]]:
    """Say whether *entry* names packages instead of modules."""
    return isinstance(entry, Mapping) and "packages" in entry


def open_saved_catalogue(directory: Path) -> Catalogue:
    """Return the catalogue saved in *directory*, else the bundled one; it is loaded again only when it changes."""
    try:
        changed = (directory / FILE_NAME).stat().st_mtime_ns
    except OSError:
        changed = 0
    return _open(directory, changed)


@lru_cache(maxsize=2)
def _open(directory: Path, _changed: int) -> Catalogue:
    return current_catalogue(directory)


def _unresolved(entry: Mapping[str, object]) -> Environment:
    """Return *entry* without modules, checked: it is shown in the newest release where it names none."""
    newest = GENERATIONS[0]
    known = {key: entry[key] for key in ("name", "title", "release") if key in entry}
    shown = make_environment({"release": newest.release, "modules": [newest.kernel_module], **known})
    return replace(shown, modules=())
