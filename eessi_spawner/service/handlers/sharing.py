"""Environments handed on, by the API: as a copy, by a link, as a file."""

from __future__ import annotations

from typing import Any

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.environment_file import read_entries, to_yaml
from eessi_spawner.service.handlers.environments import OwnersHandler, read_body, with_verdict
from eessi_spawner.service.question import values_of
from eessi_spawner.service.review import review_posted
from eessi_spawner.service.schemas import ID, NEW_NAME, READ_FILE, WRITTEN_FILE, listed, ref
from eessi_spawner.service.store.keeping import keep_copy, keep_entries
from eessi_spawner.service.store.links import Links
from eessi_spawner.service.store.removed import Removed
from eessi_spawner.stack.environments import Environment


class CheckHandler(OwnersHandler):
    """Could this be saved? Nothing is."""

    @described(Operation("Can these modules be loaded together? Nothing is saved", ref("Review"), body=ref("Question")))
    async def post(self) -> None:
        """Give the verdict."""
        verdict = await self.in_thread(review_posted, self.catalogue, read_body(self.request.body))
        self.write_json(verdict.to_json())


def _copy_of(what: str) -> Operation:
    return Operation(
        f"Save a copy of {what}, under a name that is free or the one that is sent",
        ref("CheckedEnvironment"),
        status=201,
        body=NEW_NAME,
        faults=(404, 409),
        headers={"Location": "Its address."},
    )


class CopyHandler(OwnersHandler):
    """A copy of one of the user's own."""

    @described(_copy_of("one of your environments"))
    async def post(self, environment_id: str) -> None:
        """Save it, under the name in the body or one that is free."""
        saved = await self.in_store(self.parts.database.find, self.owner, environment_id)
        await self.save_copy(saved.environment)

    async def save_copy(self, environment: Environment) -> None:
        """Save *environment* as the user's own, and answer by it."""
        name = self.new_name()
        await self.answer_new(await self.in_store(keep_copy, self.parts.database, self.owner, environment, name))

    def new_name(self) -> str:
        """Return the name in the body; empty where there is none.

        Raises
        ------
        InvalidChoiceError
            If the body is anything else than `{"name": text}`, or nothing.
        """
        data = read_body(self.request.body) if self.request.body else {}
        if not isinstance(data, dict) or set(data) - {"name"} or not isinstance(data.get("name", "x"), str):
            raise InvalidChoiceError("Nothing but a name was expected.", advice='Send {"name": "plots-2"}, or nothing.')
        if data.get("name") == "":
            raise InvalidChoiceError("The name is empty.", advice="Leave it out for one that is free.")
        return str(data.get("name", ""))


class ShareHandler(OwnersHandler):
    """The link to one of the user's own."""

    @described(Operation("Share one of your environments by a link", ref("Link"), faults=(404,)))
    async def post(self, environment_id: str) -> None:
        """Make it, or give the one that there is."""
        token = await self.in_store(Links(self.parts.database).share, self.owner, environment_id)
        self.write_json({"token": token, "page": f"{self.hub_auth.base_url}shared/{token}"})

    @described(Operation("Let the link to one of your environments lead nowhere", status=204, faults=(404,)))
    async def delete(self, environment_id: str) -> None:
        """Let it lead nowhere."""
        await self.in_store(Links(self.parts.database).withdraw, self.owner, environment_id)
        self.set_status(204)


class RestoreHandler(OwnersHandler):
    """One that was removed."""

    @described(Operation("Bring back an environment that you removed", ref("CheckedEnvironment"), faults=(404, 409)))
    async def post(self, environment_id: str) -> None:
        """Bring it back."""
        saved = await self.in_store(Removed(self.parts.database).restore, self.owner, environment_id)
        await self.answer(saved)


class SharedHandler(CopyHandler):
    """What somebody's link leads to: everybody who is logged in sees it, and may save a copy."""

    @described(Operation("The environment that a link leads to", ref("SharedEnvironment"), faults=(404,)))
    async def get(self, link: str) -> None:
        """Show it, without the id that its owner has for it."""
        saved = await self.in_store(Links(self.parts.database).find, link)
        shown: dict[str, Any] = await self.in_thread(with_verdict, self.catalogue, saved)
        shown.pop("id")
        self.write_json({**shown, "owner": saved.owner})

    @described(_copy_of("the environment that a link leads to"))
    async def post(self, link: str) -> None:
        """Save a copy, under the name in the body or one that is free."""
        saved = await self.in_store(Links(self.parts.database).find, link)
        await self.save_copy(saved.environment)


class ExportFileHandler(OwnersHandler):
    """The user's own as a file."""

    takes = ("id",)

    @described(
        Operation(
            "Your environments as a YAML file",
            WRITTEN_FILE,
            content="application/yaml",
            query={"id": {"type": "array", "items": ID, "maxItems": 30, "description": "Default: all."}},
            faults=(404,),
        )
    )
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

    @described(
        Operation(
            "Save the environments of a YAML file of at most 64 KB: each is saved, unchanged or refused",
            listed("Imported"),
            body=READ_FILE,
            body_content="application/yaml",
        )
    )
    async def post(self) -> None:
        """Save what can be saved of it, and say of each entry what became of it."""
        entries = await self.in_thread(read_entries, self.catalogue, self.request.body)
        kept = await self.in_store(keep_entries, self.parts.database, self.owner, entries)
        self.write_json({"items": [one.to_json() for one in kept], "total": len(kept)})
