"""The editor of environments: a form whose every button is a post, and the part of it that its script asks for."""

from __future__ import annotations

from dataclasses import replace

from tornado.web import authenticated

from eessi_spawner.errors import (
    EESSIError,
    EnvironmentExistsError,
    InvalidChoiceError,
    ModulesApartError,
    UnknownModuleError,
)
from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.service.draft import Draft, draft_of, pressed, read_draft
from eessi_spawner.service.environment_page import Editing, make_editing, render_editing, render_editor
from eessi_spawner.service.handlers.own_environments import EnvironmentsPageHandler
from eessi_spawner.service.pools import PoolsView
from eessi_spawner.service.question import Arguments
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.catalogue.index import Catalogue

# Said in the form, which keeps what was typed.
_TO_MEND = (EnvironmentExistsError, InvalidChoiceError, ModulesApartError, UnknownModuleError)


class EditorHandler(EnvironmentsPageHandler):
    """The editor of a new environment, or of the one whose id is in the address."""

    @authenticated
    async def get(self, key: str = "") -> None:
        """Show the form, with what the address says or what is saved."""
        draft = read_draft(self.arguments)
        if key:
            saved = await self.in_store(self.parts.database.find, self.owner, key)
            draft = draft if self.arguments else draft_of(saved.environment)
        await self.edit(draft, key)

    async def post(self, key: str = "") -> None:
        """Do what the pressed button does."""
        if key:
            await self.in_store(self.parts.database.find, self.owner, key)
        draft = await self.in_thread(_after, self.catalogue, self.fields)
        if "save" not in self.fields:
            await self.edit(draft, key)
            return
        try:
            saved = await self._save(draft, key)
        except _TO_MEND as error:
            self.set_status(self.status_of(error))
            await self.edit(draft, key, error)
        else:
            self.see_done("saved", saved.id)

    async def edit(self, draft: Draft, key: str, fault: EESSIError | None = None) -> None:
        """Show the form with *draft*."""
        editing = replace(
            await self.in_thread(make_editing, self.catalogue, draft, self.pools_view()), key=key, fault=fault
        )
        page = await self.in_thread(render_editor, self.catalogue, self.surroundings(), editing, self.recommended())
        self.finish(page)

    async def _save(self, draft: Draft, key: str) -> SavedEnvironment:
        if not draft.title.strip() and not draft.name.strip():
            raise InvalidChoiceError("It has no title.", advice="Give it one, as the launcher should show it.")
        there = await self.in_store(self.parts.database.of_owner, self.owner)
        taken = {one.environment.name for one in there if one.id != key}
        environment = await self.in_thread(chosen_environment, self.catalogue, draft.to_json(taken))
        if key:
            return await self.in_store(self.parts.database.replace, self.owner, key, environment)
        return await self.in_store(self.parts.database.add, self.owner, environment)


class EditorPartHandler(EnvironmentsPageHandler):
    """What depends on the editor's fields, for its script."""

    async def post(self) -> None:
        """Show it, after what the pressed button does."""
        editing = await self.in_thread(_edited, self.catalogue, self.fields, self.pools_view())
        self.finish(await self.in_thread(render_editing, editing))


def _after(catalogue: Catalogue, fields: Arguments) -> Draft:
    return pressed(catalogue, read_draft(fields), fields)


def _edited(catalogue: Catalogue, fields: Arguments, view: PoolsView) -> Editing:
    return make_editing(catalogue, _after(catalogue, fields), view)
