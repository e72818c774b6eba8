"""The pages of environments in a browser: by keyboard, without JavaScript, on a phone, in the dark."""

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

BUNDLE = "SciPy-bundle/2025.07-gfbf-2025b"
OLD = "module=SciPy-bundle/2023.07-gfbf-2023a&module=matplotlib/3.7.2-gfbf-2023a&release=2023.06"


@pytest.fixture(scope="module")
def service_hub(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Iterator[DemoHub]:
    with hub_with_service("browser-environments", tmp_path_factory.mktemp("service"), artefacts) as hub:
        yield hub


def opened(open_page: OpenPage, hub: DemoHub, path: str, name: str, **look: str) -> HubPages:
    """Log in as *name*, and open a page of the service."""
    visit = open_page(hub.url, **look)
    visit.log_in(name)
    visit.page.goto(f"{hub.url}{SERVICE}{path}")
    return visit


WORDS = (
    "(document.activeElement.innerText || document.activeElement.labels?.[0]?.innerText || '').replace(/\\s+/g, ' ')"
)


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what bears *words* has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if words in page.evaluate(WORDS):
            return
    raise AssertionError(words)


def test_one_is_made_by_keyboard_alone_with_a_verdict_that_is_read_aloud(
    open_page: OpenPage, service_hub: DemoHub
) -> None:
    page = opened(open_page, service_hub, "environments/new", "keys").page
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    page.keyboard.type("numpy")
    expect(page.get_by_role("button", name=f"Add {BUNDLE}")).to_be_visible()
    tab_to(page, f"Add {BUNDLE}")
    page.keyboard.press("Enter")
    expect(page.locator("#eessi-status")).to_have_text("They load together in EESSI 2025.06.")
    # Where the next one is typed.
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("matplotlib/3.7.2-gfbf-2023a")
    page.keyboard.press("Enter")
    expect(page.locator("#eessi-status")).to_contain_text("matplotlib/3.7.2-gfbf-2023a is not in EESSI 2025.06")
    expect(page.get_by_role("searchbox")).to_have_value("")
    tab_to(page, "Take the nearest")
    page.keyboard.press("Enter")
    expect(page.locator("#eessi-status")).to_contain_text("They load together")
    expect(page.get_by_role("searchbox")).to_be_focused()
    tab_to(page, "Title, as the launcher shows it")
    page.keyboard.type("My <b>plots</b>")
    # In a name Enter means to save.
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="My <b>plots</b>")).to_be_visible()
    expect(page.get_by_text("It was saved.")).to_be_visible()
    expect(page.get_by_text("my-b-plots-b")).to_be_visible()
    assert refused == [], "a script failed, or the page's policy refused something"


def test_a_button_that_is_gone_hands_the_focus_on(open_page: OpenPage, service_hub: DemoHub) -> None:
    page = opened(open_page, service_hub, f"environments/new?{OLD}", "focus").page
    page.get_by_role("button", name="Remove SciPy").press("Enter")
    expect(page.get_by_role("button", name="Remove matplotlib")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.locator("#eessi-status")).to_have_text("No module was chosen.")


def test_without_javascript_one_is_made_shared_copied_removed_and_brought_back(
    open_page: OpenPage, service_hub: DemoHub, browser: Browser, tmp_path: Path
) -> None:
    visit = opened(open_page, service_hub, "", "plain")
    context = browser.new_context(storage_state=visit.page.context.storage_state(), java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service_hub.url}{SERVICE}environments")
    page.get_by_role("link", name="New environment").click()
    page.get_by_role("searchbox").fill("numpy")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name=f"Add {BUNDLE}").click()
    expect(page.get_by_role("heading", name="They load together in EESSI 2025.06")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("It has no title.")
    page.get_by_label("Title").fill("Plain")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Share Plain").click()
    page.goto(page.get_by_label("Link to send to others").input_value())
    page.get_by_role("button", name="Save a copy").click()
    expect(page.get_by_role("heading", name="Plain (2)")).to_be_visible()
    page.get_by_role("button", name="Remove Plain (2)").click()
    expect(page.get_by_text("Plain (2) was removed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Plain (2)")).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("link", name="Export all").click()
    file.value.save_as(tmp_path / "mine.yaml")
    page.get_by_label("Import a YAML file").set_input_files(tmp_path / "mine.yaml")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("was there already, unchanged.")).to_have_count(2)
    context.close()


def test_an_old_one_is_taken_to_the_newest_release(open_page: OpenPage, service_hub: DemoHub) -> None:
    page = opened(open_page, service_hub, f"environments/new?{OLD}&title=Old", "mover").page
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Newer releases").click()
    page.get_by_role("button", name="Make a copy for 2025.06 Old").click()
    expect(page.get_by_role("heading", name="Old (2025.06)")).to_be_visible()
    expect(page.get_by_text("A copy was saved.")).to_be_visible()


def test_a_form_of_another_site_is_refused(open_page: OpenPage, service_hub: DemoHub) -> None:
    page = opened(open_page, service_hub, "environments/new?title=x", "marked").page
    page.evaluate("document.querySelector('[name=_xsrf]').value = 'of-another-site'")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This form is not of a page that you have open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_they_fit_and_axe_finds_nothing_serious(
    open_page: OpenPage, service_hub: DemoHub, size: str, scheme: str
) -> None:
    visit = opened(
        open_page, service_hub, f"environments/new?{OLD}&title=Old", f"looks-{size}-{scheme}", size=size, scheme=scheme
    )
    page = visit.page
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Share Old").click()
    page.get_by_role("button", name="Copy Old").click()
    page.get_by_role("button", name="Remove Old (2)").click()
    page.get_by_text("Rename Old").click()
    paths = {
        "list": "",
        "editor": f"environments/new?{OLD}&module={BUNDLE}&typed=numpy",
        "good": f"environments/new?{OLD}",
        "shared": page.get_by_label("Link to send to others").input_value().partition(SERVICE)[2],
        "newer": "releases",
    }
    for name, path in paths.items():
        if path:
            page.goto(f"{service_hub.url}{SERVICE}{path}")
        visit.picture(f"environments-{name}-{size}-{scheme}")
        assert page.locator("html").get_attribute("data-bs-theme") == scheme
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        found = Axe().run(page, context={"include": [["#main"]]})
        assert [
            f"{name}: {violation['id']}: {node['html']}"
            for violation in found.response["violations"]
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ] == []
