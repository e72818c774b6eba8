"""A kernel that cannot start says so in the notebook, with the cause and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages
from tests.browser.lab_pages import Lab
from tests.browser.stack_copy import module_file

pytestmark = pytest.mark.sample_stack


@pytest.fixture
def broken(site_stack: Path) -> Iterator[None]:
    """In the site's stack a module file vanishes and another one gets a syntax error; then all is well again."""
    files = [module_file(site_stack, name) for name in ("2025b", "2024a")]
    targets = [os.readlink(file) for file in files]
    yield
    for file, target in zip(files, targets, strict=True):
        file.unlink(missing_ok=True)
        file.symlink_to(target)


@pytest.mark.usefixtures("broken")
def test_a_kernel_that_cannot_start_explains_itself(open_page: OpenPage, site_hub: DemoHub, site_stack: Path) -> None:
    visit = open_page(site_hub.url)
    visit.log_in("unlucky")
    visit.start()
    lab = Lab(visit.page)
    lab.settle()
    syntax = module_file(site_stack, "2024a")
    module_file(site_stack, "2025b").unlink()
    syntax.unlink()
    syntax.write_text("this is no Lua")

    message = _run_in(lab, "NumPy of 2025b")
    expect(message).to_contain_text("EESSI 2025.06 has no module SciPy-bundle/2025.07-gfbf-2025b for ")
    advice = "What to do: Use another kernel, and tell those who maintain 'NumPy of 2025b': SciPy-bundle is there as"
    expect(message).to_contain_text(advice)
    expect(message).to_contain_text("Reason code: unknown_module")
    _unfold(visit, message, "fallback-module-vanished")

    lab.open_launcher()
    message = _run_in(lab, "NumPy of 2024a")
    expect(message).to_contain_text(f"The module file {syntax} has an error and cannot be loaded.")
    expect(message).to_contain_text("Reason code: module_load_failed")
    _unfold(visit, message, "fallback-module-with-error")
    _in_dark(visit.page)
    visit.picture("fallback-module-with-error-dark")


def _run_in(lab: Lab, kernel: str) -> Locator:
    """Run a cell in *kernel* and return the message it answers with."""
    lab.open_notebook(kernel)
    lab.run("1 + 1")
    message = lab.output.get_by_role("alert")
    expect(message).to_contain_text("This EESSI kernel could not start.")
    return message


def _unfold(visit: HubPages, message: Locator, picture: str) -> None:
    """Click the details open; they are Lmod's own words."""
    details = message.locator("details pre")
    expect(details).to_be_hidden()
    visit.picture(f"{picture}-folded")
    message.get_by_text("Details").click()
    expect(details).to_be_visible()
    expect(details).to_contain_text("Lmod has detected the following error")
    visit.picture(f"{picture}-unfolded")


def _in_dark(page: Page) -> None:
    for item in ("Settings", "Theme", "JupyterLab Dark"):
        page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel").get_by_text(item, exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
