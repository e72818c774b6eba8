"""An environment that is being put together: what the editor's form holds, and what its buttons do. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.question import Arguments, check_names
from eessi_spawner.service.renewal import chosen_modules
from eessi_spawner.service.review import Review, is_known, review
from eessi_spawner.stack.catalogue.entry import CatalogueModule
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import Filters, search
from eessi_spawner.stack.environments import MAX_MODULES, Environment

FIELDS = ("name", "title", "release", "module", "typed")
# The form's buttons: what each does stands in `pressed`.
BUTTONS = ("add", "remove", "take", "look", "save")
_SUGGESTED = 8
_LOOKED_THROUGH = 60
_PACKAGES_SHOWN = 3


@dataclass(frozen=True)
class Draft:
    """What the form holds: hostile text, of bounded size.

    Attributes
    ----------
    name, title
        As typed; a name that is empty is made from the title.
    release
        Empty: the newest that has all modules.
    modules
        What was picked, without the one that brings the kernel.
    typed
        What stands in the field by which modules are added.
    """

    name: str = ""
    title: str = ""
    release: str = ""
    modules: tuple[str, ...] = ()
    typed: str = ""

    def to_json(self, taken: Collection[str] = ()) -> dict[str, object]:
        """Return it as `chosen_environment` reads it; a name that is made is none of those *taken*."""
        title = self.title.strip()
        name = self.name.strip() or (free_name(slug(title), taken) if title else "")
        data: dict[str, object] = {"name": name, "title": title or name, "modules": list(self.modules)}
        return data | ({"release": self.release} if self.release else {})


@dataclass(frozen=True)
class Suggestion:
    """A module that answers what is typed: with the packages in it that do, and whether it goes with the others."""

    module: str
    release: str
    packages: str
    fits: bool


def draft_of(environment: Environment) -> Draft:
    """Return the form for a saved environment."""
    return Draft(environment.name, environment.title, environment.release, chosen_modules(environment.modules))


def read_draft(fields: Arguments) -> Draft:
    """Return what a form sent, whatever button was pressed.

    Raises
    ------
    InvalidChoiceError
        If a field is none of the form's, comes twice, or there are too many modules.
    """
    check_names(fields, (*FIELDS, *BUTTONS))
    modules = tuple(dict.fromkeys(name for name in fields.get("module", ()) if name))
    if len(modules) > MAX_MODULES:
        raise InvalidChoiceError(f"At most {MAX_MODULES} modules are taken.", advice="Leave some out.")
    return Draft(_one(fields, "name"), _one(fields, "title"), _one(fields, "release"), modules, _one(fields, "typed"))


def pressed(catalogue: Catalogue, draft: Draft, fields: Arguments) -> Draft:
    """Return what *draft* becomes by the button that was pressed: add, remove, take (the nearest set) or look."""
    if name := _one(fields, "add"):
        return replace(draft, modules=tuple(dict.fromkeys([*draft.modules, name]))[:MAX_MODULES], typed="")
    if name := _one(fields, "remove"):
        return replace(draft, modules=tuple(other for other in draft.modules if other != name))
    if _one(fields, "take"):
        nearest = review(catalogue, draft.modules, draft.release or None).nearest
        if nearest:
            return replace(draft, modules=chosen_modules(nearest.modules), release=draft.release and nearest.release)
    typed = draft.typed.strip()
    if (_one(fields, "look") or _one(fields, "save")) and is_known(catalogue, typed):
        return pressed(catalogue, draft, {"add": [typed]})
    return draft


def suggestions(catalogue: Catalogue, draft: Draft, verdict: Review) -> tuple[Suggestion, ...]:
    """Return modules that answer what is typed, those first that go with what was picked."""
    releases = (draft.release,) if draft.release in catalogue.releases else ()
    hits = search(catalogue, draft.typed, Filters(releases=releases), limit=_LOOKED_THROUGH).hits
    place = _place(catalogue, verdict)
    found = [
        Suggestion(
            hit.module.full_name,
            hit.module.release,
            ", ".join(f"{package.name} {package.version}" for package in hit.extensions_matched[:_PACKAGES_SHOWN]),
            place is None or _fits(hit.module, place),
        )
        for hit in hits
        if hit.module.full_name not in draft.modules
    ]
    return tuple(sorted(found, key=lambda one: not one.fits))[:_SUGGESTED]


def slug(title: str) -> str:
    """Return a name made from *title*: what configuration, links and the API can call it."""
    return re.sub(r"[^a-z0-9._]+", "-", title.lower())[:64].strip("-._") or "environment"


def free_name(name: str, taken: Collection[str]) -> str:
    """Return *name*, or the first of `name-2`, `name-3` ... that is not *taken*."""
    found, number = name, 1
    while found in taken:
        number += 1
        end = f"-{number}"
        found = name[: 64 - len(end)] + end
    return found


def _place(catalogue: Catalogue, verdict: Review) -> tuple[str, str | None] | None:
    """Return release and generation of what was picked; None where that does not go together itself."""
    if not verdict.release:
        return None
    rows = [catalogue.find(name, verdict.release)[0] for name in verdict.modules]
    return verdict.release, next((name for name in map(catalogue.generation, rows) if name), None)


def _fits(module: CatalogueModule, place: tuple[str, str | None]) -> bool:
    return module.release == place[0] and (module.generation in (None, place[1]) or place[1] is None)


def _one(fields: Arguments, name: str) -> str:
    values: Sequence[str] = fields.get(name, ())
    if len(values) > 1:
        raise InvalidChoiceError(
            f"One value of {name} was expected, and {len(values)} came.", advice="Load the page again."
        )
    return values[0] if values else ""
