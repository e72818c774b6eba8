"""A first visit: log in, choose, wait, and compute with two releases side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages
from tests.browser.lab_pages import Lab

pytestmark = pytest.mark.sample_stack

WHO = "import sys, os, numpy; print(numpy.__version__, os.environ['EESSI_VERSION'], sys.prefix)"

# Whether a label is wider or higher than its place, or than its tile.
CUT = """label => label.scrollWidth > label.clientWidth || label.scrollHeight > label.clientHeight
  || label.getBoundingClientRect().bottom > label.closest('.jp-LauncherCard').getBoundingClientRect().bottom"""


def test_a_person_computes_with_two_releases_side_by_side(
    open_page: OpenPage, hub: DemoHub, sample_stack: Path
) -> None:
    visit = open_page(hub.url)
    visit.log_in("ada")
    visit.choose_all()
    visit.picture("visit-1-form")
    _watch_progress(visit)
    lab = Lab(visit.page)
    lab.settle()
    _look_at_launcher(visit, lab)
    generations = json.loads((sample_stack / "SAMPLE.json").read_text())["generations"]
    for picture, release, generation in (("4", "2023.06", "2023b"), ("5", "2025.06", "2025b")):
        lab.open_notebook(f"({generation}) · EESSI {release}")
        lab.run(WHO)
        expect(lab.output.first).to_contain_text(f"{generations[generation]['numpy']} {release} ")
        expect(lab.output.first).to_contain_text(f"{sample_stack}/versions/{release}/software/")
        visit.picture(f"visit-{picture}-notebook-{release}")
        lab.open_launcher()


def _watch_progress(visit: HubPages) -> None:
    """Start, and follow the progress page as it tells what happens."""
    visit.start_button.click()
    visit.page.wait_for_url("**/hub/spawn-pending/**")
    log = visit.page.locator("#progress-log")
    expect(log).to_contain_text("Found CPU")
    expect(log).to_contain_text("Sample of EESSI 2025.06, builds for")
    expect(log).to_contain_text("Sample of EESSI 2023.06, builds for")
    expect(visit.page.locator("#progress-message")).not_to_be_empty()
    visit.page.get_by_text("Event log").click()
    visit.picture("visit-2-progress")
    visit.wait_for_lab()


def _look_at_launcher(visit: HubPages, lab: Lab) -> None:
    """Each EESSI kernel has a tile with a logo and a name that can be read."""
    tiles = lab.tiles.and_(visit.page.locator("[title*='EESSI']"))
    expect(tiles).to_have_count(3)
    for tile in tiles.all():
        expect(tile.locator("img")).to_be_visible()
        name = tile.locator(".jp-LauncherCard-label")
        assert name.evaluate(CUT) is False, name.inner_text()
    visit.picture("visit-3-launcher")
