"""The service's page in a browser: search as one types, by keyboard, without JavaScript, on a phone, in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages
from tests.service.running import SERVICE, hub_with_service


@pytest.fixture(scope="module")
def service_hub(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Iterator[DemoHub]:
    with hub_with_service("browser-service", tmp_path_factory.mktemp("service"), artefacts) as hub:
        yield hub


@pytest.fixture
def visit(open_page: OpenPage, service_hub: DemoHub) -> HubPages:
    return opened(open_page, service_hub)


def opened(open_page: OpenPage, hub: DemoHub, size: str = "desk", scheme: str = "light") -> HubPages:
    """Log in, and open the page."""
    visit = open_page(hub.url, size=size, scheme=scheme)
    visit.log_in("reader")
    visit.page.goto(f"{hub.url}{SERVICE}")
    return visit


def found(page: Page, module: str) -> None:
    expect(page.get_by_role("rowheader", name=module)).to_be_visible()


def test_what_is_typed_is_found_and_told_and_stands_in_the_address(visit: HubPages) -> None:
    page = visit.page
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.reload()
    # The cursor is there already.
    page.keyboard.type("numpy")
    found(page, "SciPy-bundle/2025.07-gfbf-2025b")
    expect(page.get_by_role("status")).to_have_text("9 modules found, under 3 names.")
    expect(page).to_have_url(f"{visit.url}{SERVICE}?q=numpy")
    page.get_by_label("Release").select_option("2023.06")
    found(page, "SciPy-bundle/2023.07-gfbf-2023a")
    expect(page.get_by_role("rowheader", name="SciPy-bundle/2025.07")).to_have_count(0)
    expect(page).to_have_url(f"{visit.url}{SERVICE}?q=numpy&release=2023.06")
    page.reload()
    found(page, "SciPy-bundle/2023.07-gfbf-2023a")
    assert refused == [], "the page's policy refused something"


def test_an_answer_that_comes_late_does_not_replace_a_later_one(visit: HubPages) -> None:
    page = visit.page
    page.route("**/results?q=gromacs", lambda route: (page.wait_for_timeout(800), route.continue_()))
    page.get_by_role("searchbox").fill("gromacs")
    page.wait_for_timeout(300)
    page.get_by_role("searchbox").fill("numpy")
    found(page, "SciPy-bundle/2025.07-gfbf-2025b")
    page.wait_for_timeout(1200)
    expect(page.get_by_role("rowheader", name="GROMACS")).to_have_count(0)


def test_a_service_that_is_away_is_told_until_it_answers_again(visit: HubPages) -> None:
    page = visit.page
    page.route("**/results?*", lambda route: route.abort())
    page.get_by_role("searchbox").fill("numpy")
    expect(page.get_by_text("The service does not answer now.")).to_be_visible()
    page.unroute("**/results?*")
    page.get_by_role("button", name="Search").click()
    found(page, "SciPy-bundle/2025.07-gfbf-2025b")
    expect(page.get_by_text("The service does not answer now.")).to_be_hidden()


def test_whose_login_has_ended_is_led_through_it_and_back_to_the_question(visit: HubPages) -> None:
    page = visit.page
    page.context.clear_cookies()
    page.get_by_role("searchbox").fill("numpy")
    page.get_by_label("Username").fill("reader")
    page.get_by_role("button", name="Sign in").click()
    found(page, "SciPy-bundle/2025.07-gfbf-2025b")


def test_without_javascript_the_button_searches(visit: HubPages, browser: Browser) -> None:
    context = browser.new_context(storage_state=visit.page.context.storage_state(), java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{visit.url}{SERVICE}")
    page.get_by_role("searchbox").fill("py")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=2)).to_have_count(20)
    first = page.get_by_role("heading", level=2).first.inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Previous")).to_be_visible()
    assert page.get_by_role("heading", level=2).first.inner_text() != first
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_it_fits_and_axe_finds_nothing_serious(
    open_page: OpenPage, service_hub: DemoHub, size: str, scheme: str
) -> None:
    visit = opened(open_page, service_hub, size, scheme)
    visit.page.get_by_role("searchbox").fill("scipy")
    found(visit.page, "SciPy-bundle/2025.07-gfbf-2025b")
    visit.picture(f"software-{size}-{scheme}")
    assert visit.page.locator("html").get_attribute("data-bs-theme") == scheme
    assert visit.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    found_by_axe = Axe().run(visit.page, context={"include": [["#main"]]})
    assert [
        f"{violation['id']}: {node['html']}"
        for violation in found_by_axe.response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ] == []
