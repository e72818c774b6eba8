"""All that is kept of the user who asks: given out, and removed."""

from __future__ import annotations

from datetime import datetime, timezone

from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.handlers.environments import OwnersHandler
from eessi_spawner.service.schemas import TEXT, TIME, record
from eessi_spawner.service.store.saved import zulu

_ROWS = {"type": "array", "items": {"type": "object"}}
_EXPORT = record(
    user=TEXT,
    exported=TIME,
    data={"type": "object", "additionalProperties": _ROWS, "description": "What is kept, by kind."},
)


class MeHandler(OwnersHandler):
    """A user, as far as the service knows them."""

    @described(Operation("Remove all that is kept of you", status=204))
    async def delete(self) -> None:
        """Forget them."""
        await self.in_store(self.parts.people.forget, (self.owner,))
        self.set_status(204)


class ExportHandler(OwnersHandler):
    """Their data."""

    @described(Operation("All that is kept of you", _EXPORT))
    async def get(self) -> None:
        """Give it out, as a file."""
        data = await self.in_store(self.parts.people.export, self.owner)
        self.set_header("Content-Disposition", 'attachment; filename="eessi.json"')
        self.write_json({"user": self.owner, "exported": zulu(datetime.now(tz=timezone.utc)), "data": data})
