"""The hub's side of the service on a port: it answers what a test says, late or never, and keeps what it was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

TOKEN = "the-service-s-own"
PREFIX = "/services/eessi/"


@dataclass
class ServiceDouble:
    """What the service answers.

    Its real self cannot hang, answer nonsense or refuse on request, which is what these tests are about; that both
    agree on addresses and bodies is tested in tests/service.
    """

    saved: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    nonsense: bytes = b""
    not_taken: str = ""
    hangs: bool = False
    asked: list[str] = field(default_factory=list)
    told: list[tuple[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""
    api_token: str = TOKEN
    prefix: str = PREFIX

    @property
    def services(self) -> dict[str, Any]:
        """JupyterHub's services, of which it has what is asked for."""
        return {"eessi": self}


@asynccontextmanager
async def serving(double: ServiceDouble) -> AsyncIterator[ServiceDouble]:
    """Let *double* answer at its address."""

    class Handler(RequestHandler):
        async def prepare(self) -> None:
            double.tokens.add(self.request.headers["Authorization"])
            double.asked.append(f"{self.request.method} {self.request.path.removeprefix(f'{PREFIX}api/v1/')}")
            while double.hangs:  # noqa: ASYNC110  # the test ends it
                await asyncio.sleep(0.01)
            self.set_status(double.status)
            if double.status >= 300:
                self.finish()

        def get(self, user: str) -> None:
            self.finish(double.nonsense or json.dumps({"items": double.saved.get(user, [])}))

    class Told(Handler):
        def put(self) -> None:
            double.told.append(("hub", json.loads(self.request.body)))

        def post(self) -> None:
            items = json.loads(self.request.body)["items"]
            if double.not_taken in [item["id"] for item in items]:
                self.set_status(400)
            else:
                double.told += [("spawn", item) for item in items]

    application = Application(
        [(f"{PREFIX}api/v1/users/([^/]+)/environments", Handler), (f"{PREFIX}api/v1/(?:hub|spawns)", Told)],
        log_function=lambda _handler: None,
    )
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    double.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    try:
        yield double
    finally:
        double.hangs = False
        server.stop()
        await server.close_all_connections()
