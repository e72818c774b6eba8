"""Where software runs and the administrators' page in a browser: on a phone, in the dark, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.placement.facts import PlacementFacts
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages
from tests.service.running import SERVICE, hub_with_service, tell
from tests.unit.service.reports import FACTS, reports

MODULE = "SciPy-bundle/2025.07-gfbf-2025b"


class Visit(Protocol):
    """Logs somebody in, and opens a page of the service."""

    def __call__(self, path: str, name: str = "reader", *, size: str = "desk", scheme: str = "light") -> HubPages: ...


@pytest.fixture(scope="module")
def pools_hub(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Iterator[DemoHub]:
    with hub_with_service("browser-pools", tmp_path_factory.mktemp("pools"), artefacts) as hub:
        items = [
            *reports(40, seconds=14),
            *reports(4, seconds=230, pool="icelake", user="bob", environments=["00112233aabb"]),
            *reports(3, result="failed", code="start_failed", pool="icelake"),
            *reports(2, result="refused", code="invalid_choice", pool=""),
            *reports(1, result="stopped"),
        ]
        tell(hub, "spawns", "POST", {"items": items})
        yield hub


@pytest.fixture(autouse=True)
def _told(pools_hub: DemoHub) -> None:
    tell(pools_hub, "hub", "PUT", FACTS.to_json())


@pytest.fixture
def visit(open_page: OpenPage, pools_hub: DemoHub) -> Visit:
    """Return a function that logs somebody in, and opens a page of the service."""

    def visit(path: str, name: str = "reader", *, size: str = "desk", scheme: str = "light") -> HubPages:
        pages = open_page(pools_hub.url, size=size, scheme=scheme)
        pages.log_in(name)
        pages.page.goto(f"{pages.url}{SERVICE}{path}")
        return pages

    return visit


def is_well(pages: HubPages, picture: str, scheme: str) -> None:
    pages.picture(picture)
    page = pages.page
    assert page.locator("html").get_attribute("data-bs-theme") == scheme
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    found = Axe().run(page, context={"include": [["#main"]]})
    assert [
        f"{violation['id']}: {node['html']}"
        for violation in found.response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ] == []


def runs_on(page: Page) -> str:
    return page.locator(".eessi-pools").first.inner_text()


def test_what_runs_where_follows_the_hub_without_loading_the_page_again(visit: Visit, pools_hub: DemoHub) -> None:
    page = visit("?q=scipy-bundle&release=2025.06").page
    assert "Runs now on zen3 (2 nodes free)" in runs_on(page)
    zen3 = FACTS.states[0]
    full = replace(FACTS, states=(replace(zen3, rooms=()), *FACTS.states[1:]))
    tell(pools_hub, "hub", "PUT", full.to_json())
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".eessi-pools").first).to_contain_text(
        "A new node can be started on icelake (about 4 minutes)."
    )
    tell(pools_hub, "hub", "PUT", PlacementFacts().to_json())
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Where it runs on this hub is not known.")).to_be_visible()
    expect(page.locator(".eessi-pools")).to_have_count(0)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_module_is_opened_by_keyboard_and_the_hub_takes_over(visit: Visit, size: str) -> None:
    page = visit("?q=scipy-bundle&release=2025.06", size=size).page
    expect(page.get_by_role("link", name=f"Add to my environment {MODULE} of 2025.06")).to_be_visible()
    page.get_by_role("link", name=f"Open in a notebook {MODULE} of 2025.06").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{MODULE} in a notebook")
    expect(page.get_by_text("Runs now on zen3 (2 nodes free)")).to_be_visible()
    page.get_by_role("button", name="Start my server with it").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/hub/spawn**")


def test_without_javascript_all_is_there(visit: Visit, browser: Browser) -> None:
    pages = visit("", "helper")
    context = browser.new_context(storage_state=pages.page.context.storage_state(), java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{pages.url}{SERVICE}?q=scipy-bundle")
    assert "Runs now on zen3" in runs_on(page)
    page.goto(f"{pages.url}{SERVICE}admin")
    expect(page.get_by_role("table")).to_have_count(5)
    context.close()


def test_who_is_no_administrator_reads_why_and_finds_the_way_back(visit: Visit) -> None:
    page = visit("admin").page
    expect(page.get_by_role("alert")).to_contain_text("This page is for administrators.")
    page.get_by_role("link", name="Back to the search").click()
    expect(page.get_by_role("searchbox")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_pages_with_pools_fit_and_axe_finds_nothing_serious(visit: Visit, size: str, scheme: str) -> None:
    pages = visit("?q=scipy-bundle", "helper", size=size, scheme=scheme)
    is_well(pages, f"pools-{size}-{scheme}", scheme)
    pages.page.goto(f"{pages.url}{SERVICE}admin")
    is_well(pages, f"admin-{size}-{scheme}", scheme)
    pages.page.goto(f"{pages.url}{SERVICE}notebook?module={MODULE}&release=2025.06")
    is_well(pages, f"notebook-page-{size}-{scheme}", scheme)
