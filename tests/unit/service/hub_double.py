"""A service on a port, and the two addresses of JupyterHub that it asks.

The double says who a token is of, which a test chooses: users without the scope, services, a hub that is away. The
real hub, with its login, is in tests/service.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jupyterhub.services.auth import HubOAuth
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from eessi_spawner.service.application import make_application
from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.parts import ServiceParts
from eessi_spawner.service.store.database import Database

PREFIX = "/services/eessi/"
API = f"{PREFIX}api/v1/"
STORE_THREADS = 2
SERVICE_TOKEN = "of-the-service"
SCOPE = "access:services!service=eessi"


def model(name: str, *, kind: str = "user", scopes: tuple[str, ...] = (SCOPE,)) -> dict[str, Any]:
    return {"name": name, "kind": kind, "admin": False, "groups": [], "scopes": list(scopes)}


@dataclass
class HubDouble:
    """Token to whose it is; `away` lets the hub fail, `silent` lets it answer nothing.

    It lists at most `page` users at once, and calls `on_page` after each.
    """

    models: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "ada": model("ada"),
            "bob": model("bob"),
            "eve": model("eve", scopes=("access:services!service=other",)),
            "robot": model("ada", kind="service"),
            SERVICE_TOKEN: model("eessi", kind="service", scopes=("list:users",)),
        }
    )
    users: list[str] = field(default_factory=lambda: ["ada", "bob", "eve"])
    away: bool = False
    silent: bool = False
    page: int = 200
    on_page: Callable[[], object] = bool

    def application(self) -> Application:
        hub = self

        class Who(RequestHandler):
            async def get(self) -> None:
                while hub.silent:  # noqa: ASYNC110  # the test ends it
                    await asyncio.sleep(0.01)
                whose = hub.models.get(self.request.headers["Authorization"].removeprefix("token "))
                if hub.away or whose is None:
                    self.set_status(500 if hub.away else 403)
                    return
                self.write(whose)

        class Users(RequestHandler):
            def get(self) -> None:
                assert self.request.headers["Accept"] == "application/jupyterhub-pagination+json"
                offset, limit = int(self.get_argument("offset")), min(int(self.get_argument("limit")), hub.page)
                after = offset + limit
                here = {"offset": offset, "limit": limit, "total": len(hub.users), "next": None}
                if after < len(hub.users):
                    here["next"] = {"offset": after, "limit": limit}
                self.set_status(500 if hub.away else 200)
                self.write({"items": [{"name": name} for name in hub.users[offset:after]], "_pagination": here})
                hub.on_page()

        return Application([("/hub/api/user", Who), ("/hub/api/users", Users)])


@dataclass(frozen=True)
class Answered:
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Asks the service at *port*."""

    port: int
    hub: HubDouble
    parts: ServiceParts
    loop: asyncio.AbstractEventLoop

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        token: str = "ada",  # noqa: S107  # the double knows it by this name
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Ask for *path*, below the API where it does not begin with a slash."""
        sent = dict(headers or {}) | ({"Authorization": f"token {token}"} if token else {})
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path if path.startswith("/") else API + path, body=data, headers=sent)
            answer = connection.getresponse()
            return Answered(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()


@contextmanager
def loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@contextmanager
def running_service(
    keeper: CatalogueKeeper, database: Database, *, hub_seconds: float = 10, authenticate_prometheus: bool = True
) -> Iterator[Client]:
    hub = HubDouble()
    servers: list[HTTPServer] = []

    async def serve(make: Callable[[], Application]) -> int:
        [socket] = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(make())
        server.add_socket(socket)
        servers.append(server)
        port: int = socket.getsockname()[1]
        return port

    async def stop() -> None:
        for server in servers:
            server.stop()
            await server.close_all_connections()

    with loop_in_thread() as loop, ThreadPoolExecutor(2) as threads, ThreadPoolExecutor(STORE_THREADS) as store_threads:

        def on_loop(task: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(task, loop).result(30)

        hub_port = on_loop(serve(hub.application))
        auth = HubOAuth(
            api_url=f"http://127.0.0.1:{hub_port}/hub/api",
            api_token=SERVICE_TOKEN,
            base_url=PREFIX,
            hub_host="",
            hub_prefix="/hub/",
            oauth_client_id="service-eessi",
            access_scopes={SCOPE},
        )
        parts = ServiceParts(
            auth,
            keeper,
            database,
            threads,
            store_threads,
            hub_seconds,
            authenticate_prometheus=authenticate_prometheus,
        )
        port = on_loop(serve(lambda: make_application(parts)))
        yield Client(port, hub, parts, loop)
        on_loop(stop())
