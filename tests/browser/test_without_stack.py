"""Where there is no EESSI, the form says so and servers start all the same."""

from __future__ import annotations

from playwright.sync_api import expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.lab_pages import Lab


def test_without_a_stack_the_form_says_what_is_wrong_and_a_server_starts_without_eessi(
    open_page: OpenPage, hub_without_stack: DemoHub
) -> None:
    visit = open_page(hub_without_stack.url)
    visit.log_in("pioneer")
    said = visit.form.get_by_role("alert")
    expect(said).to_contain_text("EESSI is not available now.")
    expect(said).to_contain_text("nothing is mounted there")
    expect(said).to_contain_text("You can start a server without EESSI kernels")
    expect(said).to_contain_text("Reason code: mount_absent")
    expect(visit.form.locator("input[name=environments], input[name=release]")).to_have_count(0)
    visit.start_button.click()
    visit.page.wait_for_url("**/hub/spawn-pending/**")
    expect(visit.page.locator("#progress-log")).to_contain_text("Starting a server without EESSI kernels")
    visit.wait_for_lab()
    lab = Lab(visit.page)
    lab.settle()
    expect(lab.tiles.and_(visit.page.locator("[title*='EESSI']"))).to_have_count(0)
    expect(lab.tiles).not_to_have_count(0)
    visit.picture("launcher-without-stack")
