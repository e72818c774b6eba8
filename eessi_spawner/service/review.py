"""Can these modules make an environment? The verdict as people get it before anything is saved. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.chosen import FIELDS
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.together import Together, can_load_together
from eessi_spawner.stack.environments import MAX_MODULES, with_kernel_module
from eessi_spawner.stack.modules import is_module, parse_module
from eessi_spawner.stack.releases import parse_release


@dataclass(frozen=True)
class Nearest:
    """The set nearest to modules that cannot be loaded together.

    Attributes
    ----------
    release
        Where it can be loaded.
    modules
        Full names.
    changes
        Each module that was asked for and is not of the set, with the one that takes its place, or an empty text.
    """

    release: str
    modules: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Review:
    """The verdict on modules.

    Attributes
    ----------
    reasons
        Why they make no environment, one sentence each, without a full stop; empty where they do.
    release
        Where they can be loaded together; empty where they cannot.
    modules
        The environment's, sorted, the one that brings the kernel among them; where they make none, as they were given.
    added
        Those of `modules` that were not asked for.
    required
        Other modules that are loaded with them, as far as the catalogue says.
    packages
        How many packages are in them.
    targets
        CPU targets that have all of them, sorted.
    nearest
        What can be taken instead; None where they make an environment, or nothing is near.
    """

    reasons: tuple[str, ...] = ()
    release: str = ""
    modules: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    packages: int = 0
    targets: tuple[str, ...] = ()
    nearest: Nearest | None = None

    @property
    def can(self) -> bool:
        """Whether they make an environment."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the API gives it out."""
        nearest = self.nearest
        return {
            "together": self.can,
            "reasons": list(self.reasons),
            "release": self.release,
            "modules": list(self.modules),
            "added": list(self.added),
            "required": list(self.required),
            "packages": self.packages,
            "targets": list(self.targets),
            "nearest": nearest
            and {
                "release": nearest.release,
                "modules": list(nearest.modules),
                "changes": [{"module": old, "becomes": new or None} for old, new in nearest.changes],
            },
        }


def review_posted(catalogue: Catalogue, data: object) -> Review:
    """Return the verdict on a posted environment, of which only modules and release are looked at.

    Raises
    ------
    InvalidChoiceError
        If a value is missing, unknown, of the wrong type or out of bounds.
    """
    if not isinstance(data, Mapping) or any(key not in FIELDS for key in data):
        raise InvalidChoiceError(
            f"A JSON object with none but the fields {', '.join(FIELDS)} was expected.",
            advice='Send it as {"modules": ["matplotlib/3.10.5-gfbf-2025b"]}.',
        )
    modules, release = data.get("modules"), data.get("release")
    if not isinstance(modules, list) or not all(isinstance(name, str) for name in modules):
        raise InvalidChoiceError("The modules must be a list of full module names.", advice="Send them as texts.")
    if not isinstance(data.get("release", ""), str):
        raise InvalidChoiceError("The release must be a text.", advice="Write it as EESSI does, such as '2025.06'.")
    return review(catalogue, [str(parse_module(name)) for name in modules[: MAX_MODULES + 1]], release)


def review(catalogue: Catalogue, modules: Sequence[str], release: str | None = None) -> Review:
    """Return the verdict on full names *modules*, in *release* or in the newest that has all of them.

    Raises
    ------
    InvalidChoiceError
        If *release* is not shaped as one.
    """
    asked = tuple(dict.fromkeys(modules))
    wanted = None if release is None else parse_release(release)
    known = [name for name in asked if is_known(catalogue, name)]
    unknown = tuple(f"EESSI has no module {name}" for name in asked if name not in known)
    if not asked:
        return Review(("no module was chosen",))
    if len(asked) > MAX_MODULES:
        return Review((f"at most {MAX_MODULES} modules are taken",), modules=asked)
    verdict = can_load_together(catalogue, known, release=wanted)
    if unknown or not verdict.can:
        return Review((*unknown, *verdict.reasons), modules=asked, nearest=_nearest(asked, verdict))
    try:
        complete = with_kernel_module("", [parse_module(name) for name in known])
    except InvalidChoiceError as error:
        return Review((_reason(error),), modules=asked)
    # What brings the kernel may be missing where the others are: a site's own catalogue.
    if lacking := [name for name in complete if not is_known(catalogue, name)]:
        return Review((f"the catalogue has no {lacking[0]}, which brings the kernel",), modules=asked)
    with_kernel = can_load_together(catalogue, complete, release=verdict.release)
    if not with_kernel.can:
        return Review(with_kernel.reasons, modules=asked)
    rows = [catalogue.find(name, verdict.release)[0] for name in complete]
    entries = [catalogue.module(row) for row in rows]
    return Review(
        release=verdict.release,
        modules=complete,
        added=tuple(name for name in complete if name not in asked),
        required=tuple(sorted({name for entry in entries for name in entry.required} - set(complete))),
        packages=sum(len(entry.extensions) for entry in entries),
        targets=with_kernel.targets,
    )


def is_known(catalogue: Catalogue, name: str) -> bool:
    """Say whether any release has the module of the full name *name*."""
    if not is_module(name):
        return False
    software, _, version = name.partition("/")
    return any(catalogue.columns.version_of[row] == version for row in catalogue.rows_of_software.get(software, ()))


def _nearest(asked: Sequence[str], verdict: Together) -> Nearest | None:
    if not verdict.modules:
        return None
    there = {name.partition("/")[0]: name for name in verdict.modules}
    became = {name: "" if name in verdict.lost else there.get(name.partition("/")[0], "") for name in asked}
    return Nearest(verdict.release, verdict.modules, tuple((name, new) for name, new in became.items() if name != new))


def _reason(error: InvalidChoiceError) -> str:
    """Return what a refusal says behind the environment's name."""
    return error.message.partition("cannot be used: ")[2].rstrip(".")
