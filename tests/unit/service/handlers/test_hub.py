"""What the hub tells and asks, by the service's own token alone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest

from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.spawn_table import SpawnTable
from tests.unit.service.hub_double import Answered, Client
from tests.unit.service.reports import FACTS, report

EVER = datetime(2000, 1, 1, tzinfo=timezone.utc)
ADDRESSES: dict[str, tuple[str, Any]] = {
    "hub": ("PUT", FACTS.to_json()),
    "spawns": ("POST", {"items": [report()]}),
    "users/ada/environments": ("GET", None),
}


def told(service: Client, address: str, token: str = "of-the-service", **of: Any) -> Answered:  # noqa: S107
    method, body = ADDRESSES[address]
    return service.ask(address, method, token=token, **{"body": body, **of})


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("token", ["", "ada", "robot", "of-the-servic", "of-the-servicE"])
def test_nobody_else_may(address: str, token: str, service: Client) -> None:
    answer = told(service, address, token)
    assert (answer.status, answer.json["code"]) == (401, "login_required")


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_hub_may_while_its_api_is_away(address: str, service: Client) -> None:
    service.hub.away = True
    assert told(service, address).status in (200, 204)


def test_spawns_are_kept_once_whatever_is_sent_again(service: Client, database: Database) -> None:
    assert [told(service, "spawns").status for _ in range(2)] == [204, 204]
    assert len(SpawnTable(database).started(EVER)) == 1


@pytest.mark.parametrize("body", [b"", b"[1", {"items": 3}, {"items": [{}]}])
def test_what_is_no_report_is_refused_in_words(body: object, service: Client) -> None:
    assert (answer := told(service, "spawns", body=body)).status == 400
    assert answer.json["code"] == "invalid_choice"


def test_facts_that_are_none_leave_those_before(service: Client) -> None:
    service.hub.models["ada"]["groups"] = ["physics"]
    assert told(service, "hub").status == 204
    assert told(service, "hub", body={**FACTS.to_json(), "pools": None}).status == 400


def test_the_hub_sees_a_user_s_environments_by_any_name(service: Client, database: Database) -> None:
    plots = {"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}
    name = "ada/../é b%"
    service.hub.models["odd"] = {**service.hub.models["ada"], "name": name}
    assert service.ask("environments", "POST", token="odd", body=plots).status == 201
    answer = service.ask(f"users/{quote(name, safe='')}/environments", token="of-the-service")
    assert answer.json == service.ask("environments", token="odd").json
    assert answer.json["items"][0]["key"] == database.of_owner(name)[0].environment.key
    assert told(service, "users/ada/environments").json == {"items": [], "total": 0}
