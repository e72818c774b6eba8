"""The data of users whom the hub no longer has is removed, and of nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError, HubUnreachableError
from eessi_spawner.service.gone_users import missing_users
from tests.unit.service.hub_double import SERVICE_TOKEN, Client, HubDouble, model

PLOTS = {"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}
names = st.sets(st.sampled_from("abcdefgh"))


@given(names, names)
def test_who_is_listed_is_never_missed_and_most_are_never_missed_at_once(owners: set[str], users: set[str]) -> None:
    missing = missing_users(owners, users)
    if missing is None:
        assert not users or len(owners - users) > max(1, len(owners) // 2)
    else:
        assert missing == owners - users
        assert len(missing) <= max(1, len(owners) // 2)


def look(service: Client) -> None:
    asyncio.run_coroutine_threadsafe(service.parts.gone_users.look(), service.loop).result(30)


@pytest.fixture
def both(service: Client) -> Client:
    """A service that has data of ada and bob."""
    for token in ("ada", "bob"):
        assert service.ask("environments", "POST", body=PLOTS, token=token).status == 201
    return service


def owners(service: Client) -> list[str]:
    return sorted(service.parts.people.names())


def test_who_is_missing_twice_in_a_row_is_forgotten_and_nobody_else(both: Client) -> None:
    both.hub.users = ["ada", "eve"]
    both.hub.page = 1
    look(both)
    assert owners(both) == ["ada", "bob"]
    look(both)
    assert owners(both) == ["ada"]
    assert both.ask("health").json["checks"]["users"] == "ok"


def test_who_is_there_again_in_between_keeps_their_data(both: Client) -> None:
    for users in (["ada"], ["ada", "bob"], ["ada"]):
        both.hub.users = users
        look(both)
    assert owners(both) == ["ada", "bob"]


def away(hub: HubDouble) -> None:
    hub.away = True


def changing(hub: HubDouble) -> None:
    hub.page = 1
    hub.users = ["ada", "eve"]
    hub.on_page = lambda: hub.users.append(f"new{len(hub.users)}") if len(hub.users) < 9 else None


@pytest.mark.parametrize("breaks", [away, changing])
def test_a_look_that_failed_counts_for_nothing(breaks: Callable[[HubDouble], None], both: Client) -> None:
    both.hub.users = ["ada"]
    look(both)
    breaks(both.hub)
    with pytest.raises(HubUnreachableError):
        look(both)
    both.hub.away, both.hub.on_page, both.hub.users = False, bool, ["ada"]
    look(both)
    assert owners(both) == ["ada", "bob"]


@pytest.mark.parametrize("users", [[], ["eve"]])
def test_a_list_without_most_of_them_removes_nobody_and_is_told(users: list[str], both: Client) -> None:
    both.hub.users = users
    for _ in range(3):
        look(both)
    assert owners(both) == ["ada", "bob"]
    health = both.ask("health")
    assert health.status == 200
    assert "less than half" in health.json["checks"]["users"]


@pytest.mark.parametrize("scopes", [(), ("list:users!group=staff",)])
def test_without_the_right_to_list_all_nobody_is_removed_and_it_is_told_once(
    scopes: tuple[str, ...], both: Client, caplog: pytest.LogCaptureFixture
) -> None:
    both.hub.models[SERVICE_TOKEN] = model("eessi", kind="service", scopes=scopes)
    both.hub.users = ["ada"]
    for _ in range(3):
        look(both)
    assert owners(both) == ["ada", "bob"]
    assert "list:users" in both.ask("health").json["checks"]["users"]
    assert caplog.text.count("lacks the scope") == 1


def test_looking_goes_on_whatever_happens(both: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def look_badly() -> None:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise [EESSIError("?", advice="!"), HubUnreachableError("?", advice="!")][looks - 1]
        raise asyncio.CancelledError

    monkeypatch.setattr(both.parts.gone_users, "look", look_badly)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(both.parts.gone_users.keep(seconds=0))
    assert looks == 3
