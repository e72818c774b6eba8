"""The page that opens a module in a notebook."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.unit.service.hub_double import PREFIX, Answered, Client

MODULE = "matplotlib/3.10.5-gfbf-2025b"
WANTED = {"module": MODULE, "release": "2025.06"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def pressed(service: Client, token: str = "ada", **changed: str) -> Answered:  # noqa: S107
    body = urlencode({**WANTED, **changed}).encode()
    return service.ask(f"{PREFIX}notebook", "POST", token=token, body=body, headers=FORM)


def names(service: Client) -> list[str]:
    return [item["name"] for item in service.ask("environments").json["items"]]


def test_looking_at_it_changes_nothing(service: Client) -> None:
    page = service.ask(f"{PREFIX}notebook?{urlencode(WANTED)}")
    assert page.status == 200
    assert "jupyter-server/2.17.0-GCCcore-14.3.0" in page.text
    assert names(service) == []


def test_its_button_keeps_the_environment_once_and_leads_to_the_start(service: Client) -> None:
    answers = [pressed(service) for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    assert names(service) == ["matplotlib-3.10.5-gfbf-2025b"]
    where = urlsplit(answers[1].headers["Location"])
    assert where.path == "/hub/spawn"
    options = {name.removeprefix("opt-"): value for name, value in parse_qs(where.query).items()}
    assert options == {"release": ["2025.06"], "environments": names(service)}


def test_a_name_that_is_taken_by_another_environment_stays_its(service: Client) -> None:
    other = {"name": "matplotlib-3.10.5-gfbf-2025b", "modules": ["SciPy-bundle/2025.07-gfbf-2025b"]}
    service.ask("environments", "POST", body=other)
    assert "matplotlib-3.10.5-gfbf-2025b-2" in pressed(service).headers["Location"]
    assert names(service) == ["matplotlib-3.10.5-gfbf-2025b", "matplotlib-3.10.5-gfbf-2025b-2"]


@pytest.mark.parametrize(
    ("changed", "status"), [({"module": "nothing/1"}, 400), ({"release": ""}, 404), ({"release": "1.0"}, 400)]
)
def test_what_cannot_be_started_is_a_page_that_says_so(changed: dict[str, str], status: int, service: Client) -> None:
    assert pressed(service, **changed).status == status
    assert service.ask(f"{PREFIX}notebook?{urlencode({**WANTED, **changed})}").status == status
    assert names(service) == []


def test_nobody_but_users_can(service: Client) -> None:
    assert [pressed(service, token=token).status for token in ("robot", "eve")] == [403, 403]
    # Who is not logged in is led through the login, and presses again.
    assert pressed(service, token="").status in (302, 403)
