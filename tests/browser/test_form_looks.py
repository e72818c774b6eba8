"""The form on a phone and in the dark, for people who see little and for their tools."""

from __future__ import annotations

import pytest

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.looks import CUT, SMALL, serious

pytestmark = pytest.mark.sample_stack


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
    assert serious(visit) == []
