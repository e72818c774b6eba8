"""The hub's link to the service: users' saved environments from there, and facts and spawns to there.

No spawn waits for the service longer than a limit, and one that does not answer costs that limit once: for a while
after that it is not asked. What it answered last is kept.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from logging import Logger
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from eessi_spawner.errors import EESSIError
from eessi_spawner.stack.environments import Environment, make_environment

Json = Mapping[str, Any]

# After it did not answer in time.
_AWAY_SECONDS = 30.0
# What nobody waits for may take longer.
_BACKGROUND_SECONDS = 10.0
_RETRY_SECONDS = 10.0
_HEARTBEAT_SECONDS = 60.0
_KEPT_USERS = 2000
_KEPT_REPORTS = 2000
_REPORTS_AT_ONCE = 200
_REQUESTS_AT_ONCE = 100
# Two hundred environments of fifty modules have less.
_LARGEST_ANSWER = 4 * 1024 * 1024
# The service has read it and does not take it: it would not take it the next time.
_NOT_TAKEN = (400, 413)

# Replaced in tests.
_clock = time.monotonic


class AwayError(Exception):
    """The service has not answered as it should; `status` is 0 where it did not answer."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class ServiceLink:
    """The way to one service.

    Parameters
    ----------
    address
        Of the service, with its prefix and a slash at the end.
    token
        The service's own, by which it knows the hub.
    """

    def __init__(self, address: str, token: str, log: Logger) -> None:
        self._api = f"{address}api/v1/"
        self._headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        self._log = log
        # Not the hub's shared client, which may be curl: that would send the token to the environment's proxy.
        self._client = SimpleAsyncHTTPClient(
            force_instance=True, max_clients=_REQUESTS_AT_ONCE, max_body_size=_LARGEST_ANSWER
        )
        self._known: OrderedDict[str, tuple[Environment, ...]] = OrderedDict()
        self._away_until = 0.0
        # What is asked for to what was said of its last failure.
        self._faults: dict[str, str] = {}
        self._told, self._told_at = "", 0.0
        self._reports: deque[Json] = deque(maxlen=_KEPT_REPORTS)
        self._sending: asyncio.Task[None] | None = None

    async def environments_of(self, user: str, *, seconds: float) -> tuple[Environment, ...] | None:
        """Return what *user* has saved: the last known where the service does not answer in *seconds*.

        None: it is not known, since it was never answered.
        """
        # Asked each time: what was saved a moment ago is opened now.
        if _clock() >= self._away_until:
            with suppress(AwayError):
                answer = await self._ask(f"users/{quote(user, safe='')}/environments", seconds=seconds)
                self._known[user] = read_environments(answer)
        if user in self._known:
            self._known.move_to_end(user)
        while len(self._known) > _KEPT_USERS:
            self._known.popitem(last=False)
        return self._known.get(user)

    async def tell_hub_facts(self, facts: Json) -> None:
        """Tell what the hub knows of its pools, if it is new or was not told for a minute; called every few seconds."""
        text = json.dumps(facts)
        if text == self._told and _clock() < self._told_at + _HEARTBEAT_SECONDS:
            return
        try:
            await self._ask("hub", seconds=_BACKGROUND_SECONDS, method="PUT", body=text)
        except AwayError:
            return
        self._told, self._told_at = text, _clock()

    def tell_spawn(self, report: Json) -> None:
        """Let the service know how a spawn ended: soon, in the background, and again until it has it."""
        self._reports.append(report)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send_reports())

    async def _send_reports(self) -> None:
        most = _REPORTS_AT_ONCE
        while self._reports:
            batch = list(islice(self._reports, most))
            try:
                body = json.dumps({"items": batch})
                await self._ask("spawns", seconds=_BACKGROUND_SECONDS, method="POST", body=body)
            except AwayError as error:
                if error.status not in _NOT_TAKEN:
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                if len(batch) > 1:
                    # The others shall not be lost for the one that it does not take.
                    most = 1
                    continue
            # Meanwhile the oldest may have been pushed out.
            for report in batch:
                if self._reports and self._reports[0] is report:
                    self._reports.popleft()

    async def _ask(self, path: str, *, seconds: float, method: str = "GET", body: str | None = None) -> bytes:
        """Return the body of the service's answer.

        Raises
        ------
        AwayError
            If it gives none.
        """
        request = HTTPRequest(
            self._api + path,
            method=method,
            headers=self._headers,
            body=body,
            connect_timeout=seconds,
            request_timeout=seconds,
            # The token is for this service alone.
            follow_redirects=False,
        )
        what = path.partition("/")[0]
        try:
            answer = await self._client.fetch(request)
        except HTTPTimeoutError:
            self._away_until = _clock() + _AWAY_SECONDS
            raise self._away(what, f"no answer in {seconds:g} s") from None
        except HTTPClientError as error:
            raise self._away(what, str(error), error.code) from None
        except (OSError, ValueError) as error:
            raise self._away(what, str(error)) from None
        if self._faults.pop(what, None):
            self._log.info("The EESSI service answers again (%s)", what)
        self._away_until = 0.0
        return answer.body

    def _away(self, what: str, reason: str, status: int = 0) -> AwayError:
        if self._faults.get(what) != reason:
            self._faults[what] = reason
            self._log.warning(
                "The EESSI service does not answer as it should (%s: %s); servers start all the same", what, reason
            )
        return AwayError(reason, status)


def read_environments(answer: bytes) -> tuple[Environment, ...]:
    """Return the environments in the service's *answer*; those that cannot be used are left out.

    Raises
    ------
    AwayError
        If it is no such answer.
    """
    try:
        items = list(json.loads(answer)["items"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise AwayError(f"its answer is no list of environments: {error!r}") from None
    environments = []
    for item in items:
        try:
            environments.append(make_environment(item))
        except EESSIError:
            # The service may be newer, or older, and take what is not taken here.
            continue
    return tuple(environments)


# For each event loop, of which a hub has one.
_links: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], ServiceLink]] = WeakKeyDictionary()


def service_link(services: Mapping[str, Any], name: str, log: Logger) -> ServiceLink | None:
    """Return the link to the one of JupyterHub's *services* that is called *name*; all spawners of a hub share it.

    None: there is none, or the hub knows neither its address nor its token.
    """
    service = services.get(name) if name else None
    if service is None or not service.url or not service.api_token:
        return None
    links = _links.setdefault(asyncio.get_running_loop(), {})
    address = address_of(service)
    if (address, service.api_token) not in links:
        links[address, service.api_token] = ServiceLink(address, service.api_token, log)
    return links[address, service.api_token]


def address_of(service: Any) -> str:
    """Return where the hub, and what is beside it, reaches one of JupyterHub's services without the proxy."""
    return f"{service.url.rstrip('/')}{service.prefix}"
