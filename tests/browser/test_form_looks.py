"""The form on a phone and in the dark, for people who see little and for their tools."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages

pytestmark = pytest.mark.sample_stack

# What is cut, or sticks out of the window.
CUT = """form => [...form.querySelectorAll('*')].filter(part => {
  const box = part.getBoundingClientRect()
  return box.width && (box.left < 0 || box.right > innerWidth || part.scrollWidth > part.clientWidth + 1
                       && part.clientWidth && getComputedStyle(part).overflowX !== 'visible')
}).map(part => part.outerHTML.slice(0, 100))"""
# What a finger can hit: labels stand for the boxes before them.
SMALL = """form => [...form.querySelectorAll('label, button')].filter(part => part.offsetParent).filter(part => {
  const box = part.getBoundingClientRect()
  return box.height < 24 || box.width < 24
}).map(part => part.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["hub", "site_hub", "hub_without_stack"])
def test_on_a_phone_nothing_is_cut_and_all_can_be_hit(
    open_page: OpenPage, request: pytest.FixtureRequest, which: str, scheme: str
) -> None:
    hub: DemoHub = request.getfixturevalue(which)
    visit = open_page(hub.url, size="phone", scheme=scheme)
    visit.log_in("commuter")
    if which == "hub":
        visit.choose_all()
    assert visit.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert visit.form.evaluate(CUT) == []
    assert visit.form.evaluate(SMALL) == []
    visit.picture(f"form-phone-{which.replace('_', '-')}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["hub", "site_hub", "hub_without_stack"])
def test_axe_finds_nothing_serious_in_the_form(
    open_page: OpenPage, request: pytest.FixtureRequest, which: str, scheme: str
) -> None:
    hub: DemoHub = request.getfixturevalue(which)
    visit = open_page(hub.url, scheme=scheme)
    visit.log_in("inspector")
    assert visit.page.locator("html").get_attribute("data-bs-theme") == scheme
    visit.picture(f"form-desk-{which.replace('_', '-')}-{scheme}")
    assert _serious(visit) == []


def _serious(visit: HubPages) -> list[str]:
    """Return what axe says is serious or critical inside the form; the colours of the button are JupyterHub's."""
    found = Axe().run(visit.page, context={"include": [["#spawn_form"]], "exclude": [[".btn-jupyter"]]})
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
