"""The API's answers of the catalogue, which a client need not fetch again while the catalogue is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from eessi_spawner.errors import EESSIError, UnknownModuleError
from eessi_spawner.service.handlers.base import ApiHandler


class CatalogueHandler(ApiHandler):
    """One address: its route gives `answer`, which makes JSON of the catalogue, the arguments and the path's parts."""

    _revision: str | None = None

    def initialize(self, **of_route: Callable[..., dict[str, Any]]) -> None:
        """Take what answers."""
        super().initialize()
        self._answer = of_route["answer"]

    async def get(self, *path: str) -> None:
        """Answer, or say that what the client has is still right."""
        self._revision = f'"{self.parts.keeper.now.revision}"'
        self.set_etag_header()
        if self.check_etag_header():
            self.set_status(304)
            return
        if self.arguments.get("q"):
            self.parts.metrics.count_search("api")
        # Long answers take as long to write as to find: both are done in the thread.
        self.write_json_text(
            await self.answered(lambda catalogue, arguments: json.dumps(self._answer(catalogue, arguments, *path)))
        )

    def compute_etag(self) -> str | None:
        """Return the catalogue's revision: of one address it says all that an answer depends on."""
        return self._revision

    def status_of(self, error: EESSIError) -> int:
        """Return 404 for a module that there is not: it stands in the path."""
        return 404 if isinstance(error, UnknownModuleError) else super().status_of(error)
