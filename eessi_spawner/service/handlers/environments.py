"""A user's own environments: listed, saved, changed, removed."""

from __future__ import annotations

import json
from typing import Any

from tornado.web import RequestHandler

from eessi_spawner.errors import AccessDeniedError, EESSIError, InvalidChoiceError
from eessi_spawner.service.chosen import check_together, chosen_environment
from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.handlers.base import ApiHandler
from eessi_spawner.service.question import check_names
from eessi_spawner.service.schemas import listed, ref
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.environments import Environment


class OwnersHandler(ApiHandler):
    """A request of a user for what is theirs."""

    # Of the address.
    takes: tuple[str, ...] = ()

    async def prepare(self) -> None:
        """Let only users in: a service may bear the name of one.

        Raises
        ------
        AccessDeniedError
            If a service asks.
        """
        await super().prepare()
        check_names(self.arguments, self.takes)
        if self.current_user["kind"] != "user":
            raise AccessDeniedError("Only users have environments.", advice="Use a token of the user.")
        self.owner: str = self.current_user["name"]

    async def posted(self) -> Environment:
        """Return the environment in the request's body, checked."""
        return await self.in_thread(chosen_environment, self.catalogue, read_body(self.request.body))

    async def answer(self, saved: SavedEnvironment) -> None:
        """Answer by *saved*, with where it can be loaded."""
        self.write_json(await self.in_thread(with_verdict, self.catalogue, saved))

    async def answer_new(self, saved: SavedEnvironment) -> None:
        """Answer likewise by what was saved now, and say where it is."""
        self.set_status(201)
        self.set_header("Location", f"{self.hub_auth.base_url}api/v1/environments/{saved.id}")
        await self.answer(saved)


class EnvironmentsHandler(OwnersHandler):
    """All of a user."""

    @described(
        Operation(
            "Your own environments, by name",
            listed("Environment"),
            headers={"ETag": "Another one with each change: running servers ask often."},
        )
    )
    async def get(self) -> None:
        """List them, by name."""
        items = [saved.to_json() for saved in await self.in_store(self.parts.database.of_owner, self.owner)]
        self.write_json({"items": items, "total": len(items)})

    @described(
        Operation(
            "Save an environment",
            ref("CheckedEnvironment"),
            status=201,
            body=ref("ChosenEnvironment"),
            faults=(409,),
            headers={"Location": "Its address."},
        )
    )
    async def post(self) -> None:
        """Save a new one."""
        await self.answer_new(await self.in_store(self.parts.database.add, self.owner, await self.posted()))

    def compute_etag(self) -> str | None:
        """Return a hash of the list, as tornado makes it."""
        return RequestHandler.compute_etag(self)


class EnvironmentHandler(OwnersHandler):
    """One of them, by its id."""

    @described(Operation("One of your environments", ref("CheckedEnvironment"), faults=(404,)))
    async def get(self, environment_id: str) -> None:
        """Return it, with where it can be loaded."""
        saved = await self.in_store(self.parts.database.find, self.owner, environment_id)
        await self.answer(saved)

    @described(
        Operation(
            "Change one of your environments as a whole",
            ref("CheckedEnvironment"),
            body=ref("ChosenEnvironment"),
            faults=(404, 409),
        )
    )
    async def put(self, environment_id: str) -> None:
        """Change it as a whole."""
        saved = await self.in_store(self.parts.database.replace, self.owner, environment_id, await self.posted())
        await self.answer(saved)

    @described(Operation("Remove one of your environments", status=204, faults=(404,)))
    async def delete(self, environment_id: str) -> None:
        """Remove it."""
        await self.in_store(self.parts.database.remove, self.owner, environment_id)
        self.set_status(204)


def with_verdict(catalogue: Catalogue, saved: SavedEnvironment) -> dict[str, Any]:
    """Return *saved* as JSON, with the CPU targets that can load it; or why none can: catalogues change."""
    try:
        targets, problem = check_together(catalogue, saved.environment).targets, ""
    except EESSIError as error:
        targets, problem = (), str(error)
    return {**saved.to_json(), "targets": list(targets), "problem": problem}


def read_body(body: bytes) -> object:
    """Return the JSON in *body*.

    Raises
    ------
    InvalidChoiceError
        If it is none.
    """
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidChoiceError(
            "The body must be JSON, and it is not.", advice='Send it as {"name": "plots", "modules": [...]}.'
        ) from None
    return data
