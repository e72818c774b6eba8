"""The hub's link to the service: what it answers, what it is told, and that nobody waits for it for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eessi_spawner.spawner import service_link as module
from eessi_spawner.spawner.service_link import AwayError, ServiceLink, read_environments, service_link
from eessi_spawner.stack.environments import make_environment
from tests.unit.spawner.service_double import TOKEN, ServiceDouble, serving

LOG = logging.getLogger("test_service_link")
PLOTS = {
    "name": "plots",
    "title": "Plots",
    "release": "2025.06",
    "modules": ["jupyter-server/2.17.0-GCCcore-14.3.0", "matplotlib/3.10.5-gfbf-2025b"],
}
SAVED = (make_environment(PLOTS),)
SHORT = 0.2


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time as the test sets it; waiting in the background takes no time."""
    clock = Clock()
    monkeypatch.setattr(module, "_clock", clock)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    return clock


Claim = Callable[[ServiceDouble, ServiceLink], Awaitable[None]]


def with_double(claim: Claim) -> None:
    async def run() -> None:
        async with serving(ServiceDouble(saved={"ada": [{**PLOTS, "id": "1"}]})) as double:
            link = service_link(double.services, "eessi", LOG)
            assert link is not None
            await claim(double, link)

    asyncio.run(run())


async def until(there: Callable[[], object]) -> None:
    async def wait() -> None:
        while not there():  # noqa: ASYNC110  # the double tells no events
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), 20)


def test_it_asks_for_a_user_s_environments_by_the_service_s_own_token() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        assert await link.environments_of("ada", seconds=5) == SAVED
        assert double.asked == ["GET users/ada/environments"]
        assert double.tokens == {f"token {TOKEN}"}

    with_double(claim)


def test_a_name_is_one_part_of_the_address_whatever_is_in_it() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        assert await link.environments_of("a/../b?c", seconds=5) == ()
        assert double.asked == ["GET users/a%2F..%2Fb%3Fc/environments"]

    with_double(claim)


def test_what_is_saved_now_is_known_now() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        assert await link.environments_of("bob", seconds=5) == ()
        double.saved["bob"] = [PLOTS]
        assert await link.environments_of("bob", seconds=5) == SAVED

    with_double(claim)


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 403},
        {"status": 302},
        {"nonsense": b"<html>"},
        {"nonsense": b"[1]"},
        {"nonsense": b'{"items": 1}'},
        {"nonsense": b"\xff"},
        {"url": "http://127.0.0.1:1"},
        {"hangs": True},
    ],
    ids=str,
)
def test_what_was_known_last_counts_while_the_service_is_not_well(
    trouble: dict[str, Any], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        await link.environments_of("ada", seconds=5)
        clock.now += 100
        for name, value in trouble.items():
            setattr(double, name, value)
        if "url" in trouble:
            link._api = f"{double.url}/"
        for _ in range(3):
            assert await link.environments_of("ada", seconds=SHORT) == SAVED
            assert await link.environments_of("bob", seconds=SHORT) is None

    with_double(claim)
    assert TOKEN not in caplog.text


def test_a_service_that_hangs_is_waited_for_once_in_half_a_minute(clock: Clock) -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        double.hangs = True
        for _ in range(5):
            assert await link.environments_of("ada", seconds=SHORT) is None
        assert len(double.asked) == 1
        double.hangs = False
        clock.now += 29
        assert await link.environments_of("ada", seconds=5) is None
        clock.now += 1
        assert await link.environments_of("ada", seconds=5) == SAVED

    with_double(claim)


def test_what_nobody_waits_for_finds_out_that_it_answers_again(clock: Clock) -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        double.hangs = True
        assert await link.environments_of("ada", seconds=SHORT) is None
        double.hangs = False
        await link.tell_hub_facts({"pools": 1})
        assert await link.environments_of("ada", seconds=5) == SAVED
        assert clock.now == Clock.now

    with_double(claim)


def test_a_trouble_is_logged_once_and_its_end_too(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOG.name)

    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        for double.status in (500, 500, 200, 200):
            clock.now += 3
            await link.environments_of("ada", seconds=5)

    with_double(claim)
    assert [record.levelname for record in caplog.records if record.name == LOG.name] == ["WARNING", "INFO"]


def test_it_keeps_no_more_users_than_a_bound(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(module, "_KEPT_USERS", 2)

    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        for user in ("ada", "bob", "ada", "eve"):
            await link.environments_of(user, seconds=5)
        double.status = 500
        clock.now += 100
        known = [await link.environments_of(user, seconds=5) for user in ("ada", "bob", "eve")]
        assert known == [SAVED, None, ()]

    with_double(claim)


def test_environments_that_cannot_be_used_are_left_out() -> None:
    answer = b'{"items": [{"name": "Bad!"}, 7, {"name": "r", "release": "2025.06", "modules": [], "language": "r"}]}'
    assert read_environments(answer) == ()


@pytest.mark.parametrize("answer", [b"", b"[" * 100_000, b'{"items": null}', b"{}"], ids=repr)
def test_what_is_no_list_is_no_answer(answer: bytes) -> None:
    with pytest.raises(AwayError):
        read_environments(answer)


# Facts


def test_facts_are_told_when_they_are_new_and_once_a_minute(clock: Clock) -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        for seconds, facts in ((0, 1), (10, 1), (10, 2), (50, 2), (10, 2)):
            clock.now += seconds
            await link.tell_hub_facts({"pools": facts})
        assert [facts["pools"] for _, facts in double.told] == [1, 2, 2]

    with_double(claim)


@pytest.mark.usefixtures("clock")
def test_facts_that_did_not_arrive_are_told_again() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        double.status = 503
        await link.tell_hub_facts({"pools": 1})
        double.status = 204
        await link.tell_hub_facts({"pools": 1})
        assert double.asked == ["PUT hub", "PUT hub"]
        assert double.told == [("hub", {"pools": 1})]

    with_double(claim)


# Spawns


@pytest.mark.usefixtures("clock")
def test_spawns_are_told_in_their_order_however_often_it_takes() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        double.status = 503
        for number in range(3):
            link.tell_spawn({"id": str(number)})
        await until(lambda: len(double.asked) > 2)
        assert double.told == []
        double.status = 204
        link.tell_spawn({"id": "3"})
        await until(lambda: len(double.told) >= 4)
        assert [item["id"] for _, item in double.told] == ["0", "1", "2", "3"]

    with_double(claim)


@pytest.mark.usefixtures("clock")
def test_many_spawns_are_told_in_parts_and_the_oldest_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_REPORTS", 5)
    monkeypatch.setattr(module, "_REPORTS_AT_ONCE", 2)

    async def claim(double: ServiceDouble, _link: ServiceLink) -> None:
        link = ServiceLink(f"{double.url}{double.prefix}", TOKEN, LOG)
        for number in range(8):
            link.tell_spawn({"id": number})
        await until(lambda: not link._reports)
        assert [item["id"] for _, item in double.told] == [3, 4, 5, 6, 7]
        assert double.asked == ["POST spawns"] * 3

    with_double(claim)


@pytest.mark.usefixtures("clock")
def test_a_report_that_the_service_does_not_take_keeps_no_others_waiting() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        double.not_taken = "bad"
        for name in ("one", "bad", "two"):
            link.tell_spawn({"id": name})
        await until(lambda: not link._reports)
        assert [item["id"] for _, item in double.told] == ["one", "two"]

    with_double(claim)


# Which service


@pytest.mark.parametrize(
    ("name", "more"), [("", {}), ("other", {}), ("eessi", {"url": ""}), ("eessi", {"api_token": ""})]
)
def test_without_a_service_or_its_address_or_its_token_there_is_no_link(name: str, more: dict[str, str]) -> None:
    async def find() -> ServiceLink | None:
        return service_link(ServiceDouble(**{"url": "http://127.0.0.1:1", **more}).services, name, LOG)

    assert asyncio.run(find()) is None


def test_all_spawners_share_one_link() -> None:
    async def claim(double: ServiceDouble, link: ServiceLink) -> None:
        assert service_link(double.services, "eessi", LOG) is link
        double.api_token = "another"
        assert service_link(double.services, "eessi", LOG) is not link

    with_double(claim)
