"""The API's own description, for who writes a client; answered without login, as JupyterHub answers `/hub/api`."""

from __future__ import annotations

from eessi_spawner.service.described import Operation, described
from eessi_spawner.service.handlers.state import OpenHandler


class DocumentHandler(OpenHandler):
    """The OpenAPI document, made once when the service starts."""

    @described(Operation("This description, as an OpenAPI document", {"type": "object"}, login=False))
    async def get(self) -> None:
        """Answer it."""
        self.write_json_text(self.settings["document"])
