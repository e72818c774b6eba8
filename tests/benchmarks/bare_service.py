"""A bare tornado handler: the login check of JupyterHub's services, and bytes that it was given. Run as a process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthenticated
from tornado.httpserver import HTTPServer
from tornado.log import enable_pretty_logging
from tornado.web import Application, RequestHandler


class Bare(HubOAuthenticated, RequestHandler):
    def initialize(self, **of_route: Any) -> None:
        self.hub_auth, self._answers = of_route["hub_auth"], of_route["answers"]

    async def get(self) -> None:
        model = await self.hub_auth.get_user(self, sync=False)
        if not (model and self.check_hub_user(model)):
            self.set_status(401)
            return
        self.finish(self._answers[self.request.uri])


async def serve(port: int, answers: dict[str, bytes]) -> None:
    hub_auth = HubOAuth(base_url=os.environ["JUPYTERHUB_SERVICE_PREFIX"])
    server = HTTPServer(Application([(".*", Bare, {"hub_auth": hub_auth, "answers": answers})]))
    server.listen(port, "127.0.0.1")
    sys.stderr.write("Serving\n")
    await asyncio.Event().wait()


if __name__ == "__main__":
    enable_pretty_logging()
    kept = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    asyncio.run(serve(int(sys.argv[1]), {address: text.encode() for address, text in kept.items()}))
