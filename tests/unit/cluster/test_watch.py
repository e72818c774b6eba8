"""A list and watch goes on whatever the API server answers, and never asks without end.

A double answers: a real API server ends watches, forgets versions and fails in its own time. Against the real one see
tests/cluster/test_inventory.py.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, final

import pytest

from eessi_spawner.cluster.watch import ListWatch
from tests.unit.hasty_loop import HastyLoop

Query = dict[str, str]


@final
class Answer:
    """What aiohttp returns; a watch lasts *seconds*, and says *lines* at its beginning."""

    def __init__(self, status: int = 200, body: Any = None, lines: tuple[Any, ...] = (), seconds: float = 0) -> None:
        self.status = status
        self.reason = f"HTTP {status}"
        self._body = body
        self._lines = lines
        self._seconds = seconds

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self) -> bytes:
        return self._body if isinstance(self._body, bytes) else json.dumps(self._body).encode()

    @property
    async def content(self) -> AsyncIterator[bytes]:
        for line in self._lines:
            yield json.dumps(line).encode()
        await asyncio.sleep(self._seconds)


def page(*names: str, version: str = "10", more: str = "") -> Answer:
    items = [{"metadata": {"name": name}} for name in names]
    return Answer(body={"metadata": {"resourceVersion": version, "continue": more}, "items": items})


def event(kind: str, name: str, version: str) -> dict[str, Any]:
    return {"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version}}}


def watch(*lines: Any, seconds: float = 300) -> Answer:
    return Answer(lines=lines, seconds=seconds)


def failure(status: int, message: str = "no") -> Answer:
    return Answer(status, {"kind": "Status", "message": message})


GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version: 1 (2)"}}
FORBIDDEN = 'nodes is forbidden: User "hub" cannot list resource "nodes"'


class Watched:
    """A watch that was answered by *answer*, which is given the number of the request and its query, for a while."""

    def __init__(self, loop: HastyLoop, answer: Callable[[int, Query], Answer], seconds: float = 3600) -> None:
        self.asked: list[Query] = []
        self.times: list[float] = []
        self.heard: list[Any] = []
        self.states: list[str] = []
        self._answer = answer
        self._loop = loop
        self.watch = ListWatch(
            api_client=self,
            path="/api/v1/nodes",
            parse=lambda data: data["metadata"]["name"],
            on_list=self.heard.append,
            on_event=lambda kind, name: self.heard.append((kind, name)),
            log=logging.getLogger("watched"),
        )
        loop.run_until_complete(self._run(seconds))

    async def _run(self, seconds: float) -> None:
        task = asyncio.create_task(self.watch.run())
        await asyncio.sleep(seconds)
        assert not task.done(), task
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def call_api(self, path: str, method: str, *, query_params: list[tuple[str, str]], **_: Any) -> Answer:
        assert (path, method) == ("/api/v1/nodes", "GET")
        self.times.append(self._loop.time())
        self.states.append(str(self.watch.state.kind))
        self.asked.append(dict(query_params))
        return self._answer(len(self.asked), self.asked[-1])

    @property
    def gaps(self) -> list[float]:
        return [after - before for before, after in zip(self.times, self.times[1:], strict=False)]

    def lists(self) -> int:
        return sum("watch" not in query for query in self.asked)


@pytest.fixture
def loop() -> Iterator[HastyLoop]:
    loop = HastyLoop()
    yield loop
    loop.close()


def in_turn(*answers: Answer) -> Callable[[int, Query], Answer]:
    """Give these answers, and then the last one again and again."""
    return lambda number, _query: answers[min(number, len(answers)) - 1]


def test_pages_are_followed_to_the_end_and_given_as_one(loop: HastyLoop) -> None:
    answers = (page("a", "b", more="x"), page("c", more="y"), page("d", version="7"), watch())
    watched = Watched(loop, in_turn(*answers), seconds=100)
    assert watched.heard == [["a", "b", "c", "d"]]
    assert [query.get("continue") for query in watched.asked] == [None, "x", "y", None]
    assert watched.asked[-1]["resourceVersion"] == "7"
    assert watched.watch.state.kind == "fresh"


def test_a_watch_that_ends_in_time_goes_on_where_it_was(loop: HastyLoop) -> None:
    first = watch(event("ADDED", "a", "11"), event("MODIFIED", "a", "12"), event("DELETED", "b", "13"))
    bookmarked = watch(event("BOOKMARK", "", "20"))
    watched = Watched(loop, in_turn(page("b"), first, bookmarked, watch()), seconds=800)
    assert watched.heard == [["b"], ("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "b")]
    assert [query.get("resourceVersion") for query in watched.asked] == [None, "10", "13", "20"]
    assert watched.gaps == [0, 300, 300], "neither lost time nor a busy loop"


@pytest.mark.parametrize("gone", [failure(410), watch(GONE)], ids=["by status", "by event"])
def test_a_version_that_is_too_old_leads_to_a_new_list(loop: HastyLoop, gone: Answer) -> None:
    watched = Watched(loop, in_turn(page("a"), gone, page("b", version="30"), watch()), seconds=100)
    assert watched.heard == [["a"], ["b"]]
    assert watched.asked[-1]["resourceVersion"] == "30"
    assert watched.gaps[1] <= 2


def test_a_list_whose_pages_have_expired_is_begun_anew(loop: HastyLoop) -> None:
    watched = Watched(loop, in_turn(page("a", more="x"), failure(410), page("a", "b"), watch()), seconds=100)
    assert watched.heard == [["a", "b"]]


@pytest.mark.parametrize(
    "trouble",
    [
        failure(500),
        failure(429),
        Answer(502, b"<html>"),
        Answer(200, b"{"),
        Answer(200, {"kind": "NodeList"}),
        watch(seconds=0),
        watch({"type": "ERROR", "object": {}}, seconds=0),
    ],
    ids=["500", "429", "a proxy's page", "half an answer", "another answer", "ends at once", "an error without a word"],
)
def test_trouble_is_met_by_longer_and_longer_waits_of_a_minute_at_most(loop: HastyLoop, trouble: Answer) -> None:
    watched = Watched(loop, lambda number, _query: page("a") if number == 1 else trouble)
    gaps = watched.gaps[1:]
    assert 1 <= gaps[0] <= 2
    assert 2 <= gaps[1] <= 4
    assert max(gaps) <= 60
    assert min(gaps[6:]) >= 30
    assert watched.lists() == 1
    assert watched.watch.state.reason


def test_after_trouble_it_goes_on_where_it_was_and_trouble_is_new_again(loop: HastyLoop) -> None:
    trouble = [failure(503, "etcd is away")] * 5
    lines = (event("MODIFIED", "a", "11"),)
    watched = Watched(loop, in_turn(page("a"), *trouble, watch(*lines), failure(503), watch()), seconds=2000)
    assert watched.heard == [["a"], ("MODIFIED", "a")]
    assert watched.states[1:7] == ["fresh", *["stale"] * 5]
    assert watched.gaps[7] <= 2
    assert watched.watch.state.kind == "fresh"


def test_a_stale_state_says_since_when_and_why(loop: HastyLoop) -> None:
    watched = Watched(loop, in_turn(page("a"), failure(503, "etcd is away"), failure(503, "etcd is away")))
    state = watched.watch.state
    assert state.kind == "stale"
    assert state.reason == "etcd is away"
    assert str(state).startswith("stale since 20")


def test_before_the_first_list_it_waits_and_says_why(loop: HastyLoop) -> None:
    state = Watched(loop, in_turn(failure(503, "etcd is away"))).watch.state
    assert str(state) == "waiting: etcd is away"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_asked_about_every_five_minutes_in_the_end(
    loop: HastyLoop, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(loop, in_turn(failure(status, FORBIDDEN)), seconds=24 * 3600)
    assert str(watched.watch.state) == f"refused: {FORBIDDEN}"
    assert 24 * 12 <= len(watched.asked) <= 24 * 24 + 10
    assert min(watched.gaps[9:]) >= 150
    assert max(watched.gaps) <= 300
    assert len(caplog.records) == 1


def test_a_right_that_comes_later_is_noticed(loop: HastyLoop) -> None:
    watched = Watched(loop, in_turn(*[failure(403)] * 20, page("a"), watch()), seconds=24 * 3600)
    assert watched.heard == [["a"]]
    assert watched.watch.state.kind == "fresh"


def test_a_refusal_stays_one_while_the_api_server_is_away(loop: HastyLoop) -> None:
    watched = Watched(loop, in_turn(failure(403, FORBIDDEN), failure(503)))
    assert str(watched.watch.state) == f"refused: {FORBIDDEN}"


def test_what_cannot_even_be_asked_is_trouble_like_any_other(loop: HastyLoop) -> None:
    def answer(number: int, _query: Query) -> Answer:
        if number < 3:
            raise ConnectionRefusedError(111, "Connection refused")
        return page("a") if number == 3 else watch()

    watched = Watched(loop, answer, seconds=100)
    assert watched.heard == [["a"]]
    assert watched.states[1] == "waiting"
