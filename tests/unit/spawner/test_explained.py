"""A start ends well, or with the reason; what watches it never takes it along."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from kubernetes_asyncio.client import ApiException
from kubespawner import KubeSpawner
from tornado.web import HTTPError

from eessi_spawner.checks.finding import Finding
from eessi_spawner.spawner.explained import has_ended
from tests.unit.spawner.pods import MakeSpawner

URL = "http://192.0.2.1:8888"
FATAL = Finding("image_invalid", "'A B' is not the name of an image.", "Choose another image.", "InvalidImageName", 0.0)


def start(
    spawner: Any, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch, *, outcome: object, look: Any
) -> Any:
    """Start *spawner*, whose pod needs a moment and then has *outcome*; what is seen of it meanwhile is *look*'s."""

    async def later(_spawner: object) -> object:
        await asyncio.sleep(0.2)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    # What KubeSpawner does here needs a cluster; tests/cluster has one.
    monkeypatch.setattr(KubeSpawner, "_start", later)
    monkeypatch.setattr(spawner, "_look_at_pod", look)
    return loop.run_until_complete(spawner.start())


def fail() -> list[Finding]:
    raise RuntimeError("nobody thought of this")


def test_a_start_that_nothing_keeps_gives_the_address(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(make_spawner(), loop, monkeypatch, outcome=URL, look=list) == URL


def test_a_watch_that_fails_does_not_end_the_start(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(make_spawner(), loop, monkeypatch, outcome=URL, look=fail) == URL


def test_a_pod_is_tried_again_while_the_api_server_starts_anew(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    answers = iter([aiohttp.ClientOSError("refused"), aiohttp.ServerDisconnectedError(), None])

    async def create(_namespace: str, _pod: object) -> None:
        if (answer := next(answers)) is not None:
            raise answer

    spawner = make_spawner()
    spawner.api = SimpleNamespace(create_namespaced_pod=create)
    pod = SimpleNamespace(metadata=SimpleNamespace(name="ada"))
    made = [loop.run_until_complete(spawner._make_create_pod_request(pod, 1)) for _ in range(3)]
    assert made == [False, False, True]


def test_what_waiting_does_not_help_ends_the_start_with_the_reason(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HTTPError) as raised:
        start(make_spawner(), loop, monkeypatch, outcome=URL, look=lambda: [FATAL])
    assert raised.value.status_code == 400
    assert FATAL.sentence in str(raised.value)


def test_a_refused_pod_ends_the_start_with_the_clusters_reason(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ApiException(status=403, reason="Forbidden")
    refused.body = '{"message": "exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2"}'
    with pytest.raises(HTTPError) as raised:
        start(make_spawner(), loop, monkeypatch, outcome=refused, look=list)
    assert "The quota few of this hub's namespace is used up" in str(raised.value)


@pytest.mark.parametrize(
    ("first", "task", "ended"),
    [("loaded", "running", False), ("loaded", "done", True), ("failed", None, True), ("loading", None, False)],
)
def test_a_watch_has_ended_when_it_gave_up_or_never_began(
    first: str,
    task: str | None,
    ended: bool,  # noqa: FBT001  (a row's value)
    loop: asyncio.AbstractEventLoop,
) -> None:
    load: asyncio.Future[None] = asyncio.Future(loop=loop)
    if first == "loaded":
        load.set_result(None)
    elif first == "failed":
        load.set_exception(OSError("no answer"))
    watch = None if task is None else SimpleNamespace(done=lambda: task == "done")
    assert has_ended(SimpleNamespace(first_load_future=load, watch_task=watch)) is ended
    assert not has_ended(None)
