"""What the hub tells the service, and asks it: by the service's own token, which the hub knows without asking."""

from __future__ import annotations

import hmac

from eessi_spawner.errors import LoginRequiredError
from eessi_spawner.placement.facts import facts_from_json
from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.handlers.base import ServiceHandler
from eessi_spawner.service.handlers.environments import read_body
from eessi_spawner.service.schemas import listed, ref
from eessi_spawner.service.spawns import spawns_from_json

# Some thousand nodes; what comes is the hub's own.
_MOST_BODY = 4 * 1024 * 1024


class _HubsHandler(ServiceHandler):
    """A request of the process that runs the hub."""

    most_bytes = _MOST_BODY

    async def prepare(self) -> None:
        """Let only the hub in: JupyterHub is not asked whose the token is, so that its answer is not waited for.

        Raises
        ------
        LoginRequiredError
            If the token is another.
        """
        self.check_length()
        token = self.hub_auth.api_token
        # In constant time: how long a comparison takes would tell how much of the token is right.
        given = self.request.headers.get("Authorization", "").encode()
        if not token or not hmac.compare_digest(given, f"token {token}".encode()):
            raise LoginRequiredError(
                "This address is for the hub alone.", advice="Send the service's own token of c.JupyterHub.services."
            )


class HubHandler(_HubsHandler):
    """What the hub knows of its node pools."""

    @described(Operation("For the hub alone: what it knows of its node pools", status=204, body=ref("HubFacts")))
    async def put(self) -> None:
        """Keep it instead of what was told before."""
        self.parts.facts.take(await self.in_thread(lambda: facts_from_json(read_body(self.request.body))))
        self.set_status(204)


class SpawnsHandler(_HubsHandler):
    """What became of servers."""

    @described(Operation("For the hub alone: what became of servers", status=204, body=ref("Spawns")))
    async def post(self) -> None:
        """Keep what is new of it."""
        spawns = await self.in_thread(lambda: spawns_from_json(read_body(self.request.body)))
        self.parts.metrics.count_spawns(await self.in_store(self.parts.spawns.add, spawns))
        self.set_status(204)


class UsersEnvironmentsHandler(_HubsHandler):
    """The environments of one user, for the form of their servers."""

    @described(Operation("For the hub alone: the environments of a user", listed("Environment")))
    async def get(self, user: str) -> None:
        """List them, by name."""
        items = [saved.to_json() for saved in await self.in_store(self.parts.database.of_owner, user)]
        self.write_json({"items": items, "total": len(items)})
