"""The API's answers of the catalogue, as a client gets them."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from pathlib import Path

import pytest

from eessi_spawner import __version__
from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.store.database import Database
from eessi_spawner.stack.catalogue.saved import save_catalogue
from tests.unit.service.hub_double import API, PREFIX, Client, running_service
from tests.unit.stack.catalogue.published import small_catalogue, version_entry

PATHS = (
    "releases",
    "targets",
    "modules",
    "modules/SciPy-bundle",
    "modules/SciPy-bundle/2025.07-gfbf-2025b",
    "search?q=numpy",
)


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_json_that_only_its_reader_keeps(path: str, service: Client) -> None:
    answer = service.ask(path)
    assert answer.status == 200
    assert answer.json
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_has_an_answer_gets_it_again_only_when_the_catalogue_changes(
    path: str, tmp_path: Path, database: Database
) -> None:
    bundle = "SciPy-bundle/2025.07-gfbf-2025b"
    save_catalogue(small_catalogue(version_entry(bundle), version_entry("numpy/1.0")), tmp_path)
    keeper = CatalogueKeeper(tmp_path)
    with running_service(keeper, database) as client:
        first = client.ask(path)
        have = {"If-None-Match": first.headers["Etag"]}
        again = client.ask(path, headers=have)
        assert (again.status, again.text) == (304, "")
        newer = small_catalogue(version_entry(bundle), version_entry("numpy/1.0"), version_entry("numpy/2.0"))
        save_catalogue(newer, tmp_path)
        keeper.look()
        changed = client.ask(path, headers=have)
        assert changed.status == 200
        assert changed.headers["Etag"] != first.headers["Etag"]
        # What of numpy is answered is another now.
        assert (changed.text != first.text) == (path in {"releases", "modules", "search?q=numpy"})


@pytest.mark.parametrize("path", PATHS)
def test_who_is_not_known_is_asked_to_log_in_and_who_may_not_is_told_so(path: str, service: Client) -> None:
    for token in ("", "nobody-s"):
        answer = service.ask(path, token=token)
        assert (answer.status, answer.json["code"]) == (401, "login_required")
        assert answer.headers["Www-Authenticate"] == "Bearer"
    answer = service.ask(path, token="eve")
    assert (answer.status, answer.json["code"]) == (403, "access_denied")
    assert "access:services!service=eessi" in answer.json["advice"]


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("search?q=numpy&limit=0", "GET", 400, "invalid_choice"),
        ("search?q=%ff", "GET", 400, "bad_request"),
        ("releases?x=1", "GET", 400, "invalid_choice"),
        ("modules/nope", "GET", 404, "unknown_module"),
        ("modules/SciPy-bundle/1", "GET", 404, "unknown_module"),
        ("modules/%2e%2e%2fetc", "GET", 404, "unknown_module"),
        ("nothing", "GET", 404, "not_found"),
        ("search", "POST", 405, "method_not_allowed"),
        ("releases", "DELETE", 405, "method_not_allowed"),
    ],
)
def test_an_error_is_a_code_a_message_and_an_advice(
    path: str, method: str, status: int, code: str, service: Client
) -> None:
    answer = service.ask(path, method)
    assert answer.status == status
    assert answer.json.keys() == {"code", "message", "advice"}
    assert answer.json["code"] == code
    assert all(answer.json.values())
    if status == 405:
        assert answer.headers["Allow"] == "GET"


def test_text_is_answered_in_ascii(tmp_path: Path, database: Database) -> None:
    catalogue = small_catalogue(version_entry("numpy/1.0"))
    catalogue.columns.descriptions[0] = "turned \u202e around ☃"
    save_catalogue(catalogue, tmp_path)
    with running_service(CatalogueKeeper(tmp_path), database) as client:
        answer = client.ask("modules/numpy")
        assert answer.text.isascii()
        assert answer.json["description"] == "turned \u202e around ☃"


def test_a_body_that_is_too_large_is_refused_as_such(service: Client) -> None:
    for length in (64 * 1024 + 1, 1_000_000, 10_000_000):
        for path in ("environments", "search", "nothing"):
            answer = service.ask(path, "POST", body=b"x" * length)
            assert (answer.status, answer.json["code"]) == (413, "request_entity_too_large")
        page = service.ask(PREFIX, "POST", body=b"x" * length)
        assert page.status == 413
        assert "request_entity_too_large" in page.text
        assert "<html" in page.text
    assert service.ask("environments", "POST", body=b"x" * 64 * 1024).status == 400


def test_who_says_that_too_much_comes_is_answered_before_it_comes(service: Client) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)) as connection:
        connection.putrequest("POST", f"{API}environments")
        connection.putheader("Content-Length", "1" + "0" * 30)
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_health_and_version_need_no_login_nor_hub(service: Client) -> None:
    service.hub.away = True
    health = service.ask("health", token="")
    assert health.status == 200
    assert health.json["checks"] == {"catalogue": "ok", "store": "ok", "users": "ok"}
    assert health.json["catalogue"]["day"] == "2026-08-21"
    assert service.ask("version", token="").json == {"version": __version__}


def test_health_says_which_part_is_not_well_and_not_where_files_are(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no/such/folder.sqlite")
    save_catalogue(small_catalogue(version_entry("numpy/1.0")), tmp_path)
    keeper = CatalogueKeeper(tmp_path)
    (tmp_path / "catalogue.index").unlink()
    keeper.look()
    with running_service(keeper, database) as client:
        health = client.ask("health", token="")
    database.close()
    assert health.status == 503
    assert not health.json["ok"]
    assert "an earlier one is in use" in health.json["checks"]["catalogue"]
    assert "cannot be read" in health.json["checks"]["store"]
    assert str(tmp_path) not in health.text


def test_a_hub_that_is_away_is_told_and_forgotten_when_it_is_back(service: Client) -> None:
    service.hub.away = True
    answer = service.ask("releases")
    assert (answer.status, answer.json["code"]) == (503, "hub_unreachable")
    service.hub.away = False
    assert service.ask("releases").status == 200


def test_a_hub_that_is_silent_is_not_waited_for_for_ever(keeper: CatalogueKeeper, database: Database) -> None:
    with running_service(keeper, database, hub_seconds=0.05) as client:
        client.hub.silent = True
        answer = client.ask("releases")
        client.hub.silent = False
        assert (answer.status, answer.json["code"]) == (503, "hub_unreachable")


def test_a_fault_that_nobody_expected_says_nothing_of_the_inside(
    service: Client, keeper: CatalogueKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "now", "secret")
    answer = service.ask("releases")
    assert answer.status == 500
    assert "secret" not in answer.text
    assert json.loads(answer.text)["advice"] == "Try again; its log says why."
