"""A user's own environments, by the API."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eessi_spawner.errors import StoreError
from eessi_spawner.service.store.database import Database
from tests.unit.service.hub_double import STORE_THREADS, Client

PLOTS = {"name": "plots", "title": "Plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}
TABLES = {"name": "tables", "release": "2025.06", "modules": ["SciPy-bundle/2025.07-gfbf-2025b"]}


def saved(service: Client, data: Mapping[str, Any] = PLOTS, token: str = "ada") -> dict[str, Any]:  # noqa: S107
    answer = service.ask("environments", "POST", body=data, token=token)
    assert answer.status == 201, answer.text
    environment: dict[str, Any] = answer.json
    return environment


def test_what_is_posted_is_completed_and_found_where_the_answer_says(service: Client) -> None:
    answer = service.ask("environments", "POST", body=PLOTS)
    assert answer.status == 201
    assert answer.json["release"] == "2025.06"
    assert answer.json["modules"] == ["jupyter-server/2.17.0-GCCcore-14.3.0", "matplotlib/3.10.5-gfbf-2025b"]
    assert "x86_64/amd/zen3" in answer.json["targets"]
    found = service.ask(answer.headers["Location"])
    assert found.json == answer.json


def test_all_of_a_user_are_listed_and_of_nobody_else(service: Client) -> None:
    saved(service, TABLES)
    saved(service, PLOTS)
    saved(service, {**PLOTS, "name": "bob-s"}, token="bob")
    answer = service.ask("environments").json
    assert [item["name"] for item in answer["items"]] == ["plots", "tables"]
    assert answer["total"] == 2


def test_a_list_that_has_not_changed_is_not_sent_again(service: Client) -> None:
    saved(service)
    first = service.ask("environments")
    same = {"If-None-Match": first.headers["Etag"]}
    assert (answer := service.ask("environments", headers=same)).status == 304
    assert answer.text == ""
    assert service.ask("environments", token="bob", headers=same).status == 200
    saved(service, TABLES)
    assert len(service.ask("environments", headers=same).json["items"]) == 2


def test_one_can_be_changed_as_a_whole_and_removed(service: Client) -> None:
    key = saved(service)["id"]
    changed = service.ask(f"environments/{key}", "PUT", body=TABLES)
    assert (changed.status, changed.json["id"], changed.json["name"]) == (200, key, "tables")
    removed = service.ask(f"environments/{key}", "DELETE")
    assert (removed.status, removed.text) == (204, "")
    assert service.ask(f"environments/{key}").status == 404
    assert service.ask("environments").json["items"] == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_s_is_as_unknown_as_one_that_there_is_not(method: str, service: Client) -> None:
    key = saved(service)["id"]
    body = TABLES if method == "PUT" else None
    answers = [service.ask(f"environments/{name}", method, token="bob", body=body) for name in (key, "0" * 32)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert service.ask(f"environments/{key}").json["name"] == "plots"


@pytest.mark.parametrize("key", ["1", "0" * 33, "..", "A" * 32, "0" * 31 + "g"])
def test_what_is_no_id_is_not_found(key: str, service: Client) -> None:
    assert service.ask(f"environments/{key}").status == 404


def test_modules_that_cannot_go_together_are_refused_with_reason_and_nearest_set(service: Client) -> None:
    mixed = {**PLOTS, "modules": [*PLOTS["modules"], "SciPy-bundle/2023.07-gfbf-2023a"]}
    answer = service.ask("environments", "POST", body=mixed)
    assert (answer.status, answer.json["code"]) == (400, "modules_apart")
    assert "SciPy-bundle/2023.07-gfbf-2023a is not in EESSI 2025.06, only in 2023.06" in answer.json["message"]
    assert "SciPy-bundle/2025.07-gfbf-2025b" in answer.json["advice"]
    key = saved(service)["id"]
    assert service.ask(f"environments/{key}", "PUT", body=mixed).json["code"] == "modules_apart"
    assert len(service.ask("environments").json["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_choice"),
        (b"{", 400, "invalid_choice"),
        (b"\xff", 400, "invalid_choice"),
        (b"[" * 60_000, 400, "invalid_choice"),
        ([], 400, "invalid_choice"),
        ({**PLOTS, "name": "<b>bold</b>"}, 400, "invalid_choice"),
        ({**PLOTS, "modules": ["nope/1.0"]}, 400, "unknown_module"),
    ],
)
def test_what_is_no_environment_is_refused(body: object, status: int, code: str, service: Client) -> None:
    answer = service.ask("environments", "POST", body=body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert service.ask("environments").json["items"] == []


def test_a_name_that_is_taken_is_a_conflict(service: Client) -> None:
    saved(service)
    answer = service.ask("environments", "POST", body=PLOTS)
    assert (answer.status, answer.json["code"]) == (409, "environment_exists")


def test_a_service_is_not_the_user_whose_name_it_has(service: Client) -> None:
    saved(service)
    answer = service.ask("environments", token="robot")
    assert (answer.status, answer.json["code"]) == (403, "access_denied")


def test_a_store_that_cannot_be_used_is_told_and_nothing_else_suffers(
    service: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("Saved environments cannot be read.", advice="Try again.")

    monkeypatch.setattr(database, "of_owner", refuse)
    answer = service.ask("environments")
    assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
    assert service.ask("search?q=numpy").status == 200


def test_those_who_wait_for_the_database_keep_no_search_waiting(
    service: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = threading.Event()
    monkeypatch.setattr(database, "of_owner", lambda _owner: () if unlocked.wait(30) else None)
    with ThreadPoolExecutor(2 * STORE_THREADS) as clients:
        waiting = [clients.submit(service.ask, "environments") for _ in range(2 * STORE_THREADS)]
        found = service.ask("search?q=numpy")
        assert not any(answer.done() for answer in waiting)
        unlocked.set()
    assert found.status == 200
    assert [answer.result().status for answer in waiting] == [200] * len(waiting)
