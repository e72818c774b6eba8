"""What the form shows, what it posts, and how it answers a choice that cannot be used."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages

pytestmark = pytest.mark.sample_stack

HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def visit(open_page: OpenPage, hub: DemoHub) -> HubPages:
    return open_page(hub.url)


def test_the_form_says_for_which_cpu_software_is_built_and_that_this_is_a_sample(visit: HubPages) -> None:
    visit.log_in("reader")
    expect(visit.form.locator("#eessi-cpu-target")).to_contain_text("/")
    expect(visit.form.get_by_role("note")).to_contain_text("This is a sample stack.")


def test_the_newest_release_is_preselected_with_all_its_environments(visit: HubPages) -> None:
    visit.log_in("newcomer")
    expect(visit.release("2025.06")).to_be_checked()
    expect(visit.generation("2025b")).to_be_checked()
    expect(visit.generation("2024a")).to_be_checked()


def test_choosing_a_release_hides_the_environments_of_the_others(visit: HubPages) -> None:
    visit.log_in("chooser")
    expect(visit.generation("2025b")).to_be_visible()
    expect(visit.generation("2023b")).to_be_hidden()
    visit.release("2023.06").check()
    expect(visit.generation("2025b")).to_be_hidden()
    expect(visit.generation("2023b")).to_be_visible()
    visit.choose_all()
    expect(visit.generation("2025b")).to_be_visible()
    expect(visit.generation("2023b")).to_be_visible()


def test_what_is_ticked_is_posted(visit: HubPages) -> None:
    visit.log_in("poster")
    visit.generation("2024a").uncheck()
    posted = visit.posted()
    assert posted["release"] == ["2025.06"]
    # A browser posts hidden checkboxes too: the spawner passes those of other releases over.
    assert posted["environments"] == ["2025.06-python-2025b", "2023.06-python-2023b"]


def test_a_server_gets_the_chosen_release_alone_and_the_form_remembers_it(visit: HubPages) -> None:
    visit.log_in("historian")
    visit.release("2023.06").check()
    visit.start_button.click()
    visit.page.wait_for_url("**/hub/spawn-pending/**")
    expect(visit.page.locator("#progress-log")).to_contain_text("2023.06, builds for")
    expect(visit.page.locator("#progress-log")).not_to_contain_text("2025.06")
    visit.wait_for_lab()
    visit.stop()
    expect(visit.release("2023.06")).to_be_checked()
    visit.generation("2023b").uncheck()
    visit.start_button.click()
    expect(visit.error).to_contain_text("Tick at least one environment")
    expect(visit.release("2023.06")).to_be_checked()


def test_ticking_nothing_gives_the_form_back_with_what_to_do(visit: HubPages) -> None:
    visit.log_in("minimalist")
    visit.generation("2025b").uncheck()
    visit.generation("2024a").uncheck()
    visit.start_button.click()
    expect(visit.error).to_contain_text("No environment was chosen for this release. Tick at least one environment")
    visit.picture("form-error-nothing-ticked")
    expect(visit.generation("2025b")).to_be_visible()


@pytest.mark.parametrize("name", ["2025.06-python-2022b", HOSTILE], ids=["removed", "hostile"])
def test_an_environment_that_is_not_offered_is_answered_in_words(visit: HubPages, name: str) -> None:
    visit.log_in("latecomer")
    visit.generation("2025b").evaluate("(box, name) => { box.value = name }", name)
    with visit.page.expect_response(lambda response: response.request.method == "POST") as caught:
        visit.start_button.click()
    assert caught.value.status == 400
    expect(visit.error).to_contain_text(f"There is no environment '{name}'.")
    expect(visit.error).to_contain_text("Choose from: 2025.06-python-2025b")
    expect(visit.page.locator("body")).not_to_contain_text("Traceback")
    expect(visit.page.locator("img[src=x]")).to_have_count(0)
    assert visit.page.title() != "owned"
    visit.picture("form-error-unknown-environment")


def test_an_environment_that_cannot_run_is_shown_with_the_reason(open_page: OpenPage, site_hub: DemoHub) -> None:
    visit = open_page(site_hub.url)
    visit.log_in("forecaster")
    expect(visit.environment("absent")).to_be_disabled()
    expect(visit.form).to_contain_text("Cannot run: EESSI 2025.06 has no WRF/4.6.1-foss-2024a-dmpar")
    visit.picture("form-site-environments")


def test_a_title_is_shown_as_it_was_written(open_page: OpenPage, site_hub: DemoHub) -> None:
    visit = open_page(site_hub.url)
    visit.log_in("student")
    expect(visit.form).to_contain_text("Statistics course: <b>all</b> that")
    expect(visit.form.locator("label b")).to_have_count(0)
