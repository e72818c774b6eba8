"""What the user saves while the server runs: the hub service is asked, and kernel specs are written and removed.

Nothing here is needed for a server to start or to go on: what does not answer is asked again later, more rarely.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from logging import Logger
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.ioloop import PeriodicCallback
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from eessi_spawner.errors import EESSIError
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.mount import ask_stack

_REQUEST_SECONDS = 10.0
_STACK_SECONDS = 10.0
_LARGEST_ANSWER = 4 * 1024 * 1024
# So that a class whose servers started at once does not ask at once.
_JITTER = 0.2
_LONGEST_PAUSE = 16
_NOT_MODIFIED = 304


@dataclass
class SavedKernels:
    """Keeps the kernels of one server those that its user has saved.

    Attributes
    ----------
    settings
        Where the service is, and the stack.
    token
        The server's own, which JupyterHub gave it.
    chain
        The CPU targets to look for, best first.
    show
        Makes environments kernels of the server, in place of those before; called in a thread, with the keys of all
        that is saved, and with those that run here.
    """

    settings: KernelSettings
    token: str
    chain: tuple[CpuTarget, ...]
    show: Callable[[Collection[str], Sequence[Environment]], None]
    log: Logger
    _shown: bytes = field(default=b"", init=False)
    _etag: str = field(default="", init=False)
    _failures: int = field(default=0, init=False)
    _pause: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # Not the server's shared client: it may be curl, which would send the token to the environment's proxy.
        self._client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=_LARGEST_ANSWER)

    def begin(self) -> None:
        """Ask from now on, as long as the server's event loop runs."""
        self._callback = PeriodicCallback(self.look, self.settings.service_period * 1000, jitter=_JITTER)
        self._callback.start()

    async def look(self) -> None:
        """Ask once, and show what is new; after failures every second time, then every fourth, at last every 16th."""
        if self._pause > 0:
            self._pause -= 1
            return
        try:
            answer = await self._ask()
            if answer.code != _NOT_MODIFIED and answer.body != self._shown:
                await asyncio.to_thread(self._show, read_environments(json.loads(answer.body)))
                # Only now: what could not be shown is asked for again.
                self._shown, self._etag = answer.body, answer.headers.get("ETag", "")
        except (HTTPClientError, EESSIError, OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            self._failures += 1
            self._pause = min(2**self._failures, _LONGEST_PAUSE) - 1
            if self._failures == 1:
                self.log.warning("eessi-spawner: your saved environments cannot be asked for now: %s", error)
            return
        if self._failures:
            self.log.info("eessi-spawner: your saved environments can be asked for again")
        self._failures = 0

    async def _ask(self) -> HTTPResponse:
        """Return the service's answer: what is saved, or that it is what it was."""
        headers = {"Authorization": f"token {self.token}"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        request = HTTPRequest(
            f"{self.settings.service}api/v1/environments",
            headers=headers,
            connect_timeout=_REQUEST_SECONDS,
            request_timeout=_REQUEST_SECONDS,
            # The token is for the service alone.
            follow_redirects=False,
        )
        answer = await self._client.fetch(request, raise_error=False)
        if answer.code != _NOT_MODIFIED:
            answer.rethrow()
        return answer

    def _show(self, saved: Sequence[Environment]) -> None:
        self.show({environment.key for environment in saved}, self._runnable(saved))

    def _runnable(self, saved: Sequence[Environment]) -> tuple[Environment, ...]:
        """Return those of *saved* whose modules are all in the stack here, each kernel once. Not for an event loop.

        Raises
        ------
        EESSIError
            If the stack does not answer.
        """
        if not saved:
            return ()
        wanted: dict[str, tuple[str, ...]] = {}
        for environment in saved:
            wanted[environment.release] = (*wanted.get(environment.release, ()), *environment.modules)
        reading = ask_stack(self.settings.root, self.chain, wanted, seconds=_STACK_SECONDS)
        there = {release.version: set(release.modules) for release in reading.releases}
        runnable = {
            environment.key: environment
            for environment in reversed(saved)
            if there.get(environment.release, set()).issuperset(environment.modules)
        }
        return tuple(reversed(runnable.values()))


def read_environments(answer: Any) -> tuple[Environment, ...]:
    """Return the environments in the service's *answer*; those that cannot be used here are left out."""
    environments = []
    for item in answer["items"]:
        try:
            environments.append(make_environment(item))
        except EESSIError:
            # The service may be newer than this image.
            continue
    return tuple(environments)
