"""A list and a watch of one kind of object: what is there, and then each change, for as long as the hub runs.

The one file here that talks to the API server. It goes by Kubernetes' own rules for that
(https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes) and reads plain JSON:
the model objects of the client library cost ten times what the JSON does.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import Logger
from typing import Any, Generic, Literal, TypeVar

Json = Mapping[str, Any]
Value = TypeVar("Value")

# Objects of one answer: its JSON is parsed in one go, in which the hub does nothing else. Those of a hundred nodes
# have two megabytes.
_PAGE = 100
_WATCH_SECONDS = 300
_CONNECT_SECONDS = 10
_LIST_SECONDS = 60
# What holds a connection without a word longer than the API server promised to has died.
_SILENCE_SECONDS = _WATCH_SECONDS + 30
_LONGEST_WAIT = 60.0
_LONGEST_WAIT_FOR_RIGHTS = 300.0
_GONE = 410


@dataclass(frozen=True)
class WatchState:
    """How far what a watch knows can be relied on.

    Attributes
    ----------
    kind
        `off`: nobody asks. `waiting`: nothing is known yet. `fresh`: changes are seen within a second. `stale`: what is
        known was so at `since`. `refused`: the hub has no right to ask; what is known, if anything, was so at `since`.
    since
        When it came to be so, as a Unix time; 0 where that says nothing.
    reason
        Why it is `waiting`, `stale` or `refused`, in the API server's words.
    """

    kind: Literal["off", "waiting", "fresh", "stale", "refused"] = "off"
    since: float = 0.0
    reason: str = ""

    def __str__(self) -> str:
        clock = f" since {time.strftime('%Y-%m-%d %H:%M:%SZ', time.gmtime(self.since))}" if self.kind == "stale" else ""
        return f"{self.kind}{clock}{f': {self.reason}' if self.reason else ''}"


class _Failed(Exception):  # noqa: N818  (no error of the project: it never leaves this file)
    """The API server did not do what was asked, for the reason that it gives."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    @property
    def is_refusal(self) -> bool:
        return self.status in {401, 403}


@dataclass
class ListWatch(Generic[Value]):
    """Lists and watches the objects at *path*, by `run`.

    Attributes
    ----------
    api_client
        An `ApiClient` of kubernetes_asyncio, which stays the caller's; one request is always under way.
    path
        Of the API, `/api/v1/nodes`.
    parse
        Makes of an object's JSON what is to be kept of it.
    on_list
        Is given all values that there are, after which only changes come; again after each gap.
    on_event
        Is given `ADDED`, `MODIFIED` or `DELETED`, and the value.
    log
        Is told of changes of the state.
    selectors
        `fieldSelector` and `labelSelector`, where not all objects are wanted.
    """

    api_client: Any
    path: str
    parse: Callable[[Json], Value]
    on_list: Callable[[list[Value]], None]
    on_event: Callable[[str, Value], None]
    log: Logger
    selectors: Mapping[str, str] = field(default_factory=dict)
    state: WatchState = field(init=False, default_factory=lambda: WatchState("waiting"))
    _version: str = field(init=False, default="")  # up to which all is known; empty: list
    _failures: int = field(init=False, default=0)  # since the last word of the API server that was of use

    async def run(self) -> None:
        """List and watch until cancelled; nothing else ends it."""
        while True:
            try:
                if not self._version:
                    self._version = await self._list()
                    self._is_fresh()
                await self._watch()
            except Exception as error:  # noqa: BLE001  (whatever it is: the hub goes on, and asks again)
                await self._wait_after(error)

    async def _list(self) -> str:
        """Hand over all that is there, and return the version from which on to watch."""
        values: list[Value] = []
        query = {**self.selectors, "limit": str(_PAGE)}
        while True:
            page, metadata = await self._read_page(query)
            values += page
            if not metadata.get("continue"):
                self.on_list(values)
                return str(metadata["resourceVersion"])
            query["continue"] = metadata["continue"]
            await asyncio.sleep(0)

    async def _read_page(self, query: Mapping[str, str]) -> tuple[list[Value], Json]:
        """Return what is to be kept of a page, whose JSON is many times as large, and the list's metadata."""
        async with await self._get(query, (_CONNECT_SECONDS, _LIST_SECONDS)) as response:
            page = json.loads(await response.read())
        return [self.parse(item) for item in page["items"]], page["metadata"]

    async def _watch(self) -> None:
        """Hand over each change until the API server ends the watch, as it does after some minutes."""
        query = {
            **self.selectors,
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        clock = asyncio.get_running_loop().time
        began = clock()
        async with await self._get(query, (_CONNECT_SECONDS, _SILENCE_SECONDS)) as response:
            self._is_fresh()
            async for line in response.content:
                self._take(json.loads(line))
                self._failures = 0
        if clock() - began < 1:
            raise _Failed(0, "the API server ended the watch at once")
        self._failures = 0

    def _take(self, event: Json) -> None:
        kind, found = event["type"], event["object"]
        if kind == "ERROR":
            raise _Failed(found.get("code", 0), found.get("message", "the watch has failed"))
        if kind != "BOOKMARK":
            self.on_event(kind, self.parse(found))
        self._version = found["metadata"]["resourceVersion"]

    async def _get(self, query: Mapping[str, str], timeout: tuple[float, float]) -> Any:
        """Return the answer, not yet read.

        Raises
        ------
        _Failed
            If it is none.
        """
        response = await self.api_client.call_api(
            self.path,
            "GET",
            query_params=list(query.items()),
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=timeout,
        )
        if response.status == 200:
            return response
        async with response:
            raise _Failed(response.status, _message(await response.read()) or str(response.reason))

    def _is_fresh(self) -> None:
        if self.state.kind != "fresh":
            self.state = WatchState("fresh", time.time())
            self.log.info("Watching %s.", self.path)

    async def _wait_after(self, error: Exception) -> None:
        """Say what is wrong, and wait the longer the longer it lasts.

        Refusals too are asked about soon at first: an API server that starts refuses what it will allow once it has
        read its roles, and a hub may be up before its rights are.
        """
        refused = isinstance(error, _Failed) and error.is_refusal
        if isinstance(error, _Failed) and error.status == _GONE:
            self._version = ""
        self._tell("refused" if refused else "stale", str(error) or type(error).__name__)
        longest = _LONGEST_WAIT_FOR_RIGHTS if refused else _LONGEST_WAIT
        self._failures += 1
        wait = min(longest, 2.0 ** min(self._failures, 10))
        # Of many that lost one API server, not all shall come back in the same second.
        await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311  (no secret)

    def _tell(self, kind: Literal["stale", "refused"], reason: str) -> None:
        before = self.state
        if kind == "stale" and before.kind == "refused":
            return  # which says more than that it could not be asked about again
        if kind == "stale" and before.kind == "waiting":
            self.state = WatchState("waiting", before.since, reason)
        else:
            since = before.since if before.kind in {"stale", "refused"} else time.time()
            self.state = WatchState(kind, since, reason)
        if (before.kind, before.reason) != (self.state.kind, self.state.reason):
            self.log.warning("Watching %s: %s", self.path, self.state)


def _message(body: bytes) -> str:
    """Return what a `Status` of Kubernetes says, or nothing where an answer is none."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, TypeError, KeyError):
        return ""
