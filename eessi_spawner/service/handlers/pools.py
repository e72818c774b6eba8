"""The API's answers of this hub's node pools: those that the asking user may use, and what runs there now."""

from __future__ import annotations

from eessi_spawner.errors import AccessDeniedError
from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.handlers.base import ApiHandler
from eessi_spawner.service.pools import offers_to_json, pools_to_json
from eessi_spawner.service.question import check_names, value_of
from eessi_spawner.service.schemas import ID, TEXT, TOLD, listed
from eessi_spawner.service.wanted import check_question, offers_for, offers_for_environment


class PoolsHandler(ApiHandler):
    """The pools."""

    @described(Operation("This hub's node pools that you may use", listed("Pool", **TOLD)))
    async def get(self) -> None:
        """List them, as the hub told of them."""
        check_names(self.arguments, ())
        self.write_json(pools_to_json(self.pools_view()))


class OffersHandler(ApiHandler):
    """What comes of a server on each pool."""

    @described(
        Operation(
            "What comes of a server on each of these pools, best first, for a module, a release or an environment",
            listed("Offer", **TOLD),
            query={
                "module": {"type": "string", "description": "NAME/VERSION; a release narrows it."},
                "release": TEXT,
                "environment": {**ID, "description": "One of your own."},
            },
            faults=(404,),
        )
    )
    async def get(self) -> None:
        """Answer for a module, a release or an environment of the user, best first.

        Raises
        ------
        AccessDeniedError
            If a service asks for an environment.
        """
        check_question(self.arguments)
        view, key = self.pools_view(), value_of(self.arguments, "environment")
        if not key:
            offers = await self.in_thread(offers_for, view, self.catalogue, self.arguments)
        elif self.current_user["kind"] != "user":
            raise AccessDeniedError("Only users have environments.", advice="Use a token of the user.")
        else:
            saved = await self.in_store(self.parts.database.find, self.current_user["name"], key)
            offers = await self.in_thread(offers_for_environment, view, self.catalogue, saved.environment)
        self.write_json(offers_to_json(view, offers))
