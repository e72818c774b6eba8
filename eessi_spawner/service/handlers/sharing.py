"""Environments handed on, by the API: as a copy, by a link, as a file."""

from __future__ import annotations

from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.environment_file import read_entries, to_yaml
from eessi_spawner.service.handlers.environments import OwnersHandler, read_body, with_verdict
from eessi_spawner.service.question import values_of
from eessi_spawner.service.review import review_posted
from eessi_spawner.service.store.keeping import keep_copy, keep_entries
from eessi_spawner.service.store.links import Links
from eessi_spawner.service.store.removed import Removed


class CheckHandler(OwnersHandler):
    """Could this be saved? Nothing is."""

    async def post(self) -> None:
        """Give the verdict."""
        verdict = await self.in_thread(review_posted, self.catalogue, read_body(self.request.body))
        self.write_json(verdict.to_json())


class CopyHandler(OwnersHandler):
    """A copy of one of the user's own."""

    async def post(self, key: str) -> None:
        """Save it, under the name in the body or one that is free."""
        saved = await self.in_store(self.parts.database.find, self.owner, key)
        copy = await self.in_store(keep_copy, self.parts.database, self.owner, saved.environment, self.new_name())
        self.set_status(201)
        self.set_header("Location", f"{self.hub_auth.base_url}api/v1/environments/{copy.id}")
        self.write_json(await self.in_thread(with_verdict, self.catalogue, copy))

    def new_name(self) -> str:
        """Return the name in the body; empty where there is none.

        Raises
        ------
        InvalidChoiceError
            If the body is anything else than `{"name": text}`, or nothing.
        """
        data = read_body(self.request.body) if self.request.body else {}
        if not isinstance(data, dict) or set(data) - {"name"} or not isinstance(data.get("name", ""), str):
            raise InvalidChoiceError("Nothing but a name was expected.", advice='Send {"name": "plots-2"}, or nothing.')
        return str(data.get("name", ""))


class ShareHandler(OwnersHandler):
    """The link to one of the user's own."""

    async def post(self, key: str) -> None:
        """Make it, or give the one that there is."""
        token = await self.in_store(Links(self.parts.database).share, self.owner, key)
        self.write_json({"token": token, "page": f"{self.hub_auth.base_url}shared/{token}"})

    async def delete(self, key: str) -> None:
        """Let it lead nowhere."""
        await self.in_store(Links(self.parts.database).withdraw, self.owner, key)
        self.set_status(204)


class RestoreHandler(OwnersHandler):
    """One that was removed."""

    async def post(self, key: str) -> None:
        """Bring it back."""
        saved = await self.in_store(Removed(self.parts.database).restore, self.owner, key)
        self.write_json(await self.in_thread(with_verdict, self.catalogue, saved))


class SharedHandler(CopyHandler):
    """What somebody's link leads to: everybody who is logged in sees it, and may save a copy."""

    async def get(self, token: str) -> None:
        """Show it, without the id that its owner has for it."""
        saved = await self.in_store(Links(self.parts.database).find, token)
        shown: dict[str, Any] = await self.in_thread(with_verdict, self.catalogue, saved)
        shown.pop("id")
        self.write_json({**shown, "owner": saved.owner})

    async def post(self, token: str) -> None:
        """Save a copy, under the name in the body or one that is free."""
        saved = await self.in_store(Links(self.parts.database).find, token)
        copy = await self.in_store(keep_copy, self.parts.database, self.owner, saved.environment, self.new_name())
        self.set_status(201)
        self.set_header("Location", f"{self.hub_auth.base_url}api/v1/environments/{copy.id}")
        self.write_json(await self.in_thread(with_verdict, self.catalogue, copy))


class ExportFileHandler(OwnersHandler):
    """The user's own as a file."""

    takes = ("id",)

    async def get(self) -> None:
        """Write all of them, or those whose ids are given."""
        wanted = values_of(self.arguments, "id")
        if wanted:
            saved = [await self.in_store(self.parts.database.find, self.owner, key) for key in wanted]
        else:
            saved = list(await self.in_store(self.parts.database.of_owner, self.owner))
        name = saved[0].environment.name if len(saved) == 1 else "environments"
        self.set_header("Content-Type", "application/yaml")
        self.set_header("Content-Disposition", f'attachment; filename="{name}.yaml"')
        self.finish(to_yaml(one.environment for one in saved))


class ImportHandler(OwnersHandler):
    """A file of environments."""

    async def post(self) -> None:
        """Save what can be saved of it, and say of each entry what became of it."""
        entries = await self.in_thread(read_entries, self.catalogue, self.request.body)
        kept = await self.in_store(keep_entries, self.parts.database, self.owner, entries)
        self.write_json({"items": [one.to_json() for one in kept], "total": len(kept)})
