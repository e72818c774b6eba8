"""Is the service well, and which one is it? Answered without login, as JupyterHub answers `/hub/health`."""

from __future__ import annotations

from eessi_spawner import __version__
from eessi_spawner.errors import StoreError
from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.handlers.base import ServiceHandler
from eessi_spawner.service.schemas import TEXT, record, ref


class OpenHandler(ServiceHandler):
    """A request of anybody: nobody is asked who they are, so that it is answered while the hub is away."""

    async def prepare(self) -> None:
        """Let everybody in."""


class HealthHandler(OpenHandler):
    """Named checks, each `ok` or what is wrong; status 503 where users notice."""

    @described(Operation("Is the service well? Status 503 where users notice", ref("Health"), also=503, login=False))
    async def get(self) -> None:
        """Check now."""
        # Where files are is for the log alone: anybody may ask.
        catalogue = "an earlier one is in use: that on disk cannot be read" if self.parts.keeper.problem else "ok"
        checks = {"catalogue": catalogue, "store": "ok", "users": self.parts.gone_users.note or "ok"}
        try:
            await self.in_store(self.parts.database.check)
        except StoreError as error:
            checks["store"] = error.message
            self.set_status(503)
        self.write_json({"ok": checks["store"] == "ok", "checks": checks, "catalogue": self.parts.keeper.summary()})


class VersionHandler(OpenHandler):
    """Which version answers."""

    @described(Operation("Which version answers", record(version=TEXT), login=False))
    async def get(self) -> None:
        """Answer it."""
        self.write_json({"version": __version__})
