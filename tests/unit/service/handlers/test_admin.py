"""The administrators' page: for whom it opens, and what it shows of a hub that reported."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from eessi_spawner.errors import StoreError
from eessi_spawner.placement.facts import Recommended
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.spawn_table import SpawnTable
from eessi_spawner.stack.environments import make_environment
from tests.unit.service.hub_double import PREFIX, SCOPE, Client, model
from tests.unit.service.reports import FACTS, ago, reports
from tests.unit.service.test_page import Page

ADMIN = f"{PREFIX}admin"
PLOTS = {"name": "plots", "title": "<b>My plots</b>", "release": "2025.06", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}


@pytest.fixture
def boss(service: Client) -> Client:
    service.hub.models["ada"]["admin"] = True
    return service


def shown(service: Client) -> str:
    answer = service.ask(ADMIN)
    assert answer.status == 200
    return " ".join(unescape(re.sub("<[^>]+>", " ", answer.text)).split())


def test_it_opens_for_administrators_and_for_who_has_the_scope(service: Client) -> None:
    service.hub.models["boss"] = {**model("boss"), "admin": True}
    service.hub.models["helper"] = model("helper", scopes=(SCOPE, "custom:eessi:admin"))
    assert [service.ask(ADMIN, token=token).status for token in ("boss", "helper", "ada", "")] == [200, 200, 403, 302]
    assert "This page is for administrators." in service.ask(ADMIN).text


def test_before_anything_was_reported_it_says_so(boss: Client) -> None:
    text = shown(boss)
    assert "The hub has told nothing of its node pools yet." in text
    assert "the hub reported no spawns" in text
    assert "Users keep 0 environments." in text


def test_it_shows_what_was_told_and_reported(boss: Client) -> None:
    key = make_environment(PLOTS).key
    boss.ask("environments", "POST", body=PLOTS)
    boss.ask("hub", "PUT", token="of-the-service", body=FACTS.to_json())
    items = [
        *reports(3, environments=[key], seconds=10),
        *reports(1, result="failed", code="claim_error", pool=""),
        *reports(1, at=ago(days=40), result="failed", code="pod_refused"),
    ]
    assert boss.ask("spawns", "POST", token="of-the-service", body={"items": items}).status == 204
    text = shown(boss)
    assert "physics" in text
    assert "zen3 3 0 0 0 10 s 10 s" in text
    assert "A volume claim is missing, or cannot be made. Grant the right" in text
    assert "pod_refused" not in text
    assert f"<b>My plots</b> {key} 1 3" in text


def test_an_environment_of_the_site_has_the_site_s_title(boss: Client) -> None:
    course = make_environment({**PLOTS, "title": "Course of spring"})
    facts = replace(FACTS, recommended=(Recommended(course, frozenset({"students"})),))
    boss.ask("hub", "PUT", token="of-the-service", body=facts.to_json())
    items = reports(1, environments=[course.key, "f" * 12])
    boss.ask("spawns", "POST", token="of-the-service", body={"items": items})
    text = shown(boss)
    assert f"Course of spring {course.key} 1 1" in text
    assert f"not known any more {'f' * 12} 1 1" in text


def test_every_table_has_a_caption_that_names_it_and_scrolls_by_keyboard(boss: Client) -> None:
    boss.ask("hub", "PUT", token="of-the-service", body=FACTS.to_json())
    boss.ask("spawns", "POST", token="of-the-service", body={"items": reports(2)})
    page = Page(boss.ask(ADMIN).text)
    captions = {caption["id"] for caption in page.all("caption")}
    assert len(captions) == len(page.all("table")) == 4
    regions = [part for part in page.all("div") if part.get("role") == "region"]
    assert {part["aria-labelledby"] for part in regions if part.get("tabindex") == "0"} == captions
    assert [script["src"] for script in page.all("script")] == ["/hub/static/js/darkmode.js"]


def test_a_database_that_is_away_takes_its_part_of_the_page_alone(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("It is locked.", advice="Try again.")

    monkeypatch.setattr(SpawnTable, "counts", fail)
    text = shown(boss)
    assert "It is locked. Try again." in text
    assert "CPU targets" in text


def test_titles_are_of_the_environments_that_users_last_changed(database: Database) -> None:
    table = SpawnTable(database)
    one = make_environment({**PLOTS, "title": "First"})
    database.add("ada", one)
    database.add("bob", make_environment({**PLOTS, "title": "Second"}))
    database.add("eve", make_environment({**PLOTS, "title": "Third"}))
    assert table.titles(["ada", "bob"]) == {one.key: "Second"}
    assert table.titles([]) == {}
