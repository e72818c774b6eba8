"""The service as JupyterHub runs it: people log in by OAuth, search, and keep environments."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.demo.visitor import Answer, Visitor, form_fields
from tests.service.running import SERVICE

API = f"{SERVICE}api/v1/"
PLOTS = {"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}


@pytest.fixture
def ada(hub: DemoHub) -> Visitor:
    visitor = Visitor(hub.url)
    visitor.log_in("ada")
    return visitor


def posted(visitor: Visitor, mark: str) -> Answer:
    """Post an environment as a page's script does, by cookies and the page's mark."""
    headers = {"Content-Type": "application/json", "X-XSRFToken": mark, "Sec-Fetch-Mode": "cors"}
    return visitor.request(f"{API}environments", data=json.dumps(PLOTS).encode(), headers=headers)


def mark_of(page: Answer) -> str:
    found = re.search(r'data-xsrf="([^"]+)"', page.text)
    assert found
    return found[1]


def test_who_is_logged_in_at_the_hub_gets_to_the_page_without_a_question(ada: Visitor) -> None:
    page = ada.request(f"{SERVICE}?q=numpy&release=2025.06")
    assert page.status == 200
    assert page.url.endswith(f"{SERVICE}?q=numpy&release=2025.06")
    assert "SciPy-bundle/2025.07-gfbf-2025b" in page.text
    assert "numpy 2.3.2" in page.text
    assert ">ada<" in page.text


def test_who_is_not_logged_in_meets_the_hub_s_login(hub: DemoHub) -> None:
    page = Visitor(hub.url).request(f"{SERVICE}?q=numpy")
    assert "/hub/login" in page.url
    assert {field.name for field in form_fields(page.text)} >= {"username", "password"}


def test_the_hub_has_what_the_page_takes_from_it(ada: Visitor) -> None:
    page = ada.request(SERVICE).text
    addresses = re.findall(r'(?:src|href)="([^"]*/(?:static/[^"]*|logo))"', page)
    assert len(addresses) == 6
    assert [(address, ada.request(address).status) for address in addresses] == [(one, 200) for one in addresses]


def test_the_page_s_script_searches_by_its_mark_and_not_without(ada: Visitor) -> None:
    mark = mark_of(ada.request(SERVICE))
    asks = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    answer = ada.request(f"{SERVICE}results?q=gromacs", headers={**asks, "X-XSRFToken": mark})
    assert answer.status == 200
    assert answer.text.lstrip().startswith('<p class="eessi-summary">')
    assert ada.request(f"{SERVICE}results?q=gromacs", headers=asks).status == 401


def test_a_user_s_token_opens_the_api(ada: Visitor) -> None:
    answer = ada.call(f"{API}search?q=numpy&limit=1", method="GET", token=ada.token())
    assert answer.status == 200
    assert json.loads(answer.text)["items"][0]["name"] == "SciPy-bundle"


def test_a_user_s_token_without_the_scope_does_not(ada: Visitor) -> None:
    token = ada.token()
    body = {"note": "narrow", "scopes": ["self"]}
    narrow = json.loads(ada.call("hub/api/users/ada/tokens", body, token=token).text)["token"]
    answer = ada.call(f"{API}search?q=numpy", method="GET", token=narrow)
    assert (answer.status, json.loads(answer.text)["code"]) == (403, "access_denied")


def test_an_environment_is_kept_for_its_user_in_the_hub_s_directory(hub: DemoHub, ada: Visitor, state: Path) -> None:
    mark = mark_of(ada.request(SERVICE))
    assert posted(ada, "").status == 401, "another site's page has no mark"
    assert posted(ada, mark).status == 201
    token = ada.token()
    listed = json.loads(ada.call(f"{API}environments", method="GET", token=token).text)
    assert [item["name"] for item in listed["items"]] == ["plots"]
    assert (state / "eessi-service.sqlite").stat().st_size > 0
    bob = Visitor(hub.url)
    bob.log_in("bob")
    assert json.loads(bob.call(f"{API}environments", method="GET", token=bob.token()).text)["items"] == []


def test_who_logged_out_at_the_hub_is_logged_out_here(ada: Visitor) -> None:
    assert ada.request(SERVICE).status == 200
    ada.request("hub/logout")
    assert "/hub/login" in ada.request(SERVICE).url
