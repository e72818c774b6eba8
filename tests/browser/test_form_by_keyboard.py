"""The form works without a mouse, and one always sees where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages

pytestmark = pytest.mark.sample_stack

# The focused field, and whether an outline of at least two pixels or the theme's ring is drawn around it.
FOCUS = """() => {
  const found = document.activeElement, style = getComputedStyle(found)
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  return {name: found.value || found.textContent.trim(), inside: !!found.closest('#spawn_form'),
          seen: outlined || style.boxShadow !== 'none'}
}"""
MAX_STOPS = 40


@pytest.fixture
def visit(open_page: OpenPage, hub: DemoHub) -> HubPages:
    return open_page(hub.url)


def test_tab_goes_through_the_form_in_order_and_out_of_it_again(visit: HubPages) -> None:
    visit.log_in("tabber")
    forward = _stops(visit, "Tab")
    assert forward == ["2025.06", "2025.06-python-2025b", "2025.06-python-2024a", "Start"]
    assert _stops(visit, "Shift+Tab") == forward[::-1]


def test_a_server_is_chosen_and_started_by_keyboard_alone(visit: HubPages) -> None:
    visit.log_in("typist")
    keyboard = visit.page.keyboard
    _tab_to(visit, "2025.06")
    keyboard.press("ArrowDown")
    expect(visit.release("2023.06")).to_be_focused()
    expect(visit.release("2023.06")).to_be_checked()
    keyboard.press("ArrowDown")
    expect(visit.release("all")).to_be_checked()
    visit.picture("form-keyboard-focus-release")
    _tab_to(visit, "2025.06-python-2024a")
    keyboard.press("Space")
    expect(visit.generation("2024a")).not_to_be_checked()
    visit.picture("form-keyboard-focus-environment")
    _tab_to(visit, "Start")
    keyboard.press("Enter")
    visit.page.wait_for_url("**/hub/spawn-pending/**")
    log = visit.page.locator("#progress-log")
    expect(log).to_contain_text("2023.06, builds for")
    expect(log).to_contain_text("2025.06, builds for")
    expect(log).not_to_contain_text("2024a")


def _tab_to(visit: HubPages, name: str) -> None:
    for _ in range(MAX_STOPS):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate(FOCUS)["name"] == name:
            return
    pytest.fail(f"Tab never reached {name}")


def _stops(visit: HubPages, key: str) -> list[str]:
    """Press *key* until the focus has been in the form and has left it; return where it stopped inside."""
    stops: list[str] = []
    for _ in range(MAX_STOPS):
        visit.page.keyboard.press(key)
        focus = visit.page.evaluate(FOCUS)
        if focus["inside"]:
            assert focus["seen"], f"the focus on {focus['name']} cannot be seen"
            stops.append(focus["name"])
        elif stops:
            return stops
    pytest.fail("the form cannot be left by keyboard")
