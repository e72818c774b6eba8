"""A spawner that knows the hub service: it asks for users' environments, and tells how the hub and its spawns are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

from jupyterhub import orm
from traitlets import Float, Unicode, default

from eessi_spawner.placement.facts import PlacementFacts
from eessi_spawner.spawner.service_link import ServiceLink, address_of, service_link
from eessi_spawner.spawner.spawn_report import READY, STOPPED, SpawnReport, result_of
from eessi_spawner.spawner.telling import TellingSpawner
from eessi_spawner.stack.environments import Environment

_FACTS_SECONDS = 10.0


class LinkedSpawner(TellingSpawner):
    """Uses the service where the hub has one; all goes on while it does not answer."""

    eessi_service = Unicode(
        "eessi",
        help="""
        The name of the hub service among JupyterHub's services. Empty, or not among them: none is used.

        Environments that users save there are offered to them, and it is told how spawns end.
        Example: `c.EESSISpawner.eessi_service = ""`.
        """,
    ).tag(config=True)

    eessi_service_timeout = Float(
        1.0,
        min=0.1,
        help="""
        How long a form or a start waits for the service, in seconds; then it goes on with what was known last.

        Example: `c.EESSISpawner.eessi_service_timeout = 0.5`.
        """,
    ).tag(config=True)

    eessi_service_address = Unicode(
        help="""
        Where servers reach the service. Empty: at the service's own `url`, unless that is a loopback address and
        servers run elsewhere.

        Example: `c.EESSISpawner.eessi_service_address = "http://proxy-public/services/eessi/"`.
        """,
    ).tag(config=True)

    eessi_service_period = Float(
        30.0,
        min=1.0,
        help="""
        How often a running server asks for its user's environments, in seconds: a new one is a kernel after that.

        Example: `c.EESSISpawner.eessi_service_period = 120`.
        """,
    ).tag(config=True)

    # Whether servers run on the hub's own machine.
    is_here: ClassVar[bool] = False

    # JupyterHub's: what ends with the spawn.
    _spawn_future: asyncio.Future[Any] | None

    def __init__(self, **kwargs: Any) -> None:
        self._followed: asyncio.Future[Any] | None = None
        # The report of the server that runs, and since when by a clock that nobody sets.
        self._ready: tuple[SpawnReport, float] | None = None
        super().__init__(**kwargs)

    # The service

    def hub_services(self) -> Mapping[str, Any]:
        """Return JupyterHub's services, by name."""
        services: Mapping[str, Any] = self.user.settings.get("services", {})
        return services

    def service_link(self) -> ServiceLink | None:
        """Return the link to the service; None: there is none."""
        return service_link(self.hub_services(), self.eessi_service, self.log)

    async def saved_environments(self) -> tuple[Environment, ...] | None:
        """Return what the user has saved, as far as is known; None: nobody knows. Without a service it is nothing."""
        link = self.service_link()
        return await link.environments_of(self.user.name, seconds=self.eessi_service_timeout) if link else ()

    def address_for_servers(self) -> str:
        """Return where this user's servers reach the service; empty: they do not."""
        service = self.hub_services().get(self.eessi_service) if self.eessi_service else None
        if service is None or not service.url:
            return ""
        own = address_of(service)
        address = self.eessi_service_address or (own if self.is_here or not _is_loopback(own) else "")
        return f"{address.rstrip('/')}/" if address else ""

    @default("server_token_scopes")
    def _server_token_scopes(self) -> Any:
        return type(self).scopes_of_server

    def scopes_of_server(self) -> list[str]:
        """Return what JupyterHub lets a server do: what it lets all do, and ask the service, if its user may."""
        scopes = list(orm.Role.find(self.db, "server").scopes)
        return [*scopes, f"access:services!service={self.eessi_service}"] if self.address_for_servers() else scopes

    # The hub

    def hub_starts(self, app: Any) -> None:
        """Begin to tell the service what the hub knows; the hub does not wait for it."""
        super().hub_starts(app)
        if self.eessi_service and any(service.get("name") == self.eessi_service for service in app.services):
            _telling.add(task := asyncio.ensure_future(self._keep_telling(app)))
            task.add_done_callback(_telling.discard)

    async def _keep_telling(self, app: Any) -> None:
        while True:
            await asyncio.sleep(_FACTS_SECONDS)
            try:
                facts = await self.placement_facts()
                if facts is None:
                    return
                link = service_link(app.tornado_settings.get("services", {}), self.eessi_service, self.log)
                if link is not None:
                    await link.tell_hub_facts(facts.to_json())
            except Exception:  # whatever it is, the next time may be better
                self.log.exception("The EESSI service cannot be told of the hub's node pools")
                await asyncio.sleep(_FACTS_SECONDS * 30)

    async def placement_facts(self) -> PlacementFacts | None:
        """Return what is known of where servers can run; None: nothing is."""
        return None

    # Spawns

    async def apply_group_overrides(self) -> None:
        """Apply them, as JupyterHub does first of all in a spawn: from here on it is followed to its end."""
        self.follow_spawn()
        await super().apply_group_overrides()

    def follow_spawn(self) -> None:
        """Let the service know how the spawn ends that has begun."""
        spawn = self._spawn_future
        link = self.service_link() if spawn is not None and spawn is not self._followed else None
        if spawn is None or link is None:
            return
        self._followed = spawn
        spawn.add_done_callback(partial(self._report_spawn, link, time.monotonic()))

    def _report_spawn(self, link: ServiceLink, began: float, ended: asyncio.Future[Any]) -> None:
        result, code = result_of(ended, runs=self.server is not None)
        seconds, chosen = time.monotonic() - began, self.what_was_chosen()
        report = SpawnReport(uuid4().hex, self.user.name, self.name, now(), seconds, result, code=code, **chosen)
        link.tell_spawn(report.to_json())
        self._ready = (report, time.monotonic()) if result == READY else None

    def run_post_stop_hook(self) -> Any:
        """Run the administrator's hook, as JupyterHub does when a server has ended; the service hears of the end."""
        link = self.service_link()
        if link is not None and self._ready is not None:
            report, since = self._ready
            ended = replace(report, id=uuid4().hex, at=now(), seconds=time.monotonic() - since, result=STOPPED)
            link.tell_spawn(ended.to_json())
        self._ready = None
        return super().run_post_stop_hook()

    def what_was_chosen(self) -> dict[str, Any]:
        """Return the pool, the release and the environments of the spawn, for its report, as far as they are known."""
        return {}


# Tasks that only the event loop would hold, and that weakly.
_telling: set[asyncio.Future[None]] = set()


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


def _is_loopback(address: str) -> bool:
    """Say whether *address* is of this machine alone."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
