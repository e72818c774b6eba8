"""The page of software, as who is logged in gets it; logging in itself is tried with a real hub in tests/service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eessi_spawner.placement.facts import PlacementFacts
from tests.unit.service.hub_double import PREFIX, Client
from tests.unit.service.reports import FACTS


def test_the_page_loads_nothing_but_what_the_service_and_the_hub_serve(service: Client) -> None:
    page = service.ask(f"{PREFIX}?q=numpy")
    assert page.status == 200
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert 'src="/hub/static/js/darkmode.js"' in page.text
    assert 'href="/hub/static/css/style.min.css"' in page.text


@pytest.mark.parametrize("name", ["software.js", "service.css"])
def test_its_files_are_served_under_addresses_that_change_with_them(name: str, service: Client) -> None:
    page = service.ask(PREFIX).text
    start = page.index(f"{PREFIX}static/{name}?v=")
    answer = service.ask(page[start : page.index('"', start)], token="")
    assert answer.status == 200
    assert "max-age" in answer.headers["Cache-Control"]


def test_who_is_not_logged_in_is_sent_to_the_hub(service: Client) -> None:
    answer = service.ask(f"{PREFIX}?q=numpy", token="")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/hub/api/oauth2/authorize?client_id=service-eessi&")


def test_the_script_gets_the_results_alone_and_hears_that_the_login_has_ended(service: Client) -> None:
    answer = service.ask(f"{PREFIX}results?q=numpy")
    assert answer.text.startswith('<p class="eessi-summary">9 modules found, under 3 names.')
    assert service.ask(f"{PREFIX}results?q=numpy", token="").status == 401


@pytest.mark.parametrize("path", [f"{PREFIX}results?q=numpy", "search?q=numpy"])
def test_what_one_was_answered_another_is_too_and_nobody_who_may_not(path: str, service: Client) -> None:
    first = service.ask(path, token="ada").text
    assert service.ask(path, token="bob").text == first
    assert "ada" not in first
    assert [service.ask(path, token=token).status for token in ("eve", "")] == [403, 401]


@pytest.mark.parametrize(
    ("path", "token", "status", "words"),
    [
        ("?relese=1", "ada", 400, "There is no parameter"),
        ("?target=zen3", "ada", 400, "is not a CPU target"),
        ("", "eve", 403, "may not use this service"),
        ("nothing", "ada", 404, "There is nothing at"),
    ],
)
def test_an_error_is_a_page_with_a_way_back(path: str, token: str, status: int, words: str, service: Client) -> None:
    answer = service.ask(PREFIX + path, token=token)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert words in answer.text
    assert f'href="{PREFIX}">Back' in answer.text


def test_a_hub_that_is_away_is_a_page_that_says_so(service: Client) -> None:
    service.hub.away = True
    answer = service.ask(PREFIX)
    assert answer.status == 503
    assert "JupyterHub does not say who you are" in answer.text


def told(service: Client, facts: PlacementFacts = FACTS) -> None:
    assert service.ask("hub", "PUT", token="of-the-service", body=facts.to_json()).status == 204


def results(service: Client, token: str = "ada") -> str:  # noqa: S107
    return service.ask(f"{PREFIX}results?q=scipy&release=2025.06", token=token).text


def test_results_that_are_kept_are_of_the_pools_that_one_may_use_now(service: Client) -> None:
    service.hub.models["bob"]["groups"] = ["physics"]
    assert "Where it runs on this hub is not known. The hub has told nothing" in results(service)
    told(service)
    ada, bob = results(service), results(service, "bob")
    assert "Runs now on zen3 (2 nodes free)" in ada
    assert "physics" not in ada
    assert "physics (1 node free)" in bob
    assert results(service) == ada
    zen3 = FACTS.states[0]
    told(service, replace(FACTS, states=(replace(zen3, rooms=(zen3.rooms or ())[:1]), *FACTS.states[1:])))
    assert "Runs now on zen3 (1 node free)" in results(service)
    told(service, PlacementFacts())
    assert "Runs now" not in results(service)
    assert "any node" in results(service)


def test_the_page_and_its_results_say_the_same(service: Client) -> None:
    told(service)
    page = service.ask(f"{PREFIX}?q=scipy&release=2025.06").text
    assert "Runs now on zen3 (2 nodes free)" in page
    assert "What is free is as the hub told just now" in page
    assert page.count("eessi-pools-told") == results(service).count("eessi-pools-told") == 1
