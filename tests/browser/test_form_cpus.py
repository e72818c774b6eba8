"""The form of EESSISpawner where nodes have several CPUs: what is told of each, and what a choice posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages
from tests.browser.kube_hub import kube_hub
from tests.browser.looks import CUT, SMALL, serious

POOLS: list[dict[str, Any]] = [
    {"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}, "max_nodes": 8},
    {"name": "old", "cpu_target": "x86_64/amd/zen2", "node_selector": {"pool": "old"}},
    {"name": "cloud", "cpu_target": "x86_64/intel/icelake", "node_selector": {"pool": "cloud"}, "max_nodes": 4},
    {"name": "zen5", "cpu_target": "x86_64/amd/zen5", "node_selector": {"pool": "zen5"}, "max_nodes": 2},
    {"name": "arm", "cpu_target": "aarch64/neoverse_v1", "node_selector": {"pool": "arm"}},
    {
        "name": "gpu",
        "cpu_target": "x86_64/amd/zen3",
        "node_selector": {"pool": "gpu"},
        "accelerators": ["nvidia/cc80"],
        "devices": {"nvidia.com/gpu": 2},
    },
]
FREE = {"zen4": 3, "old": 1, "arm": 2, "gpu": 1}
ZEN4, ZEN2, ICELAKE, ZEN5, ARM = (pool["cpu_target"] for pool in POOLS[:5])
ZEN3 = "x86_64/amd/zen3"
PEOPLE = count()
Start = Callable[..., AbstractContextManager[DemoHub]]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Start:
    def start(name: str, **more: Any) -> AbstractContextManager[DemoHub]:
        return kube_hub(tmp_path_factory.mktemp(name), artefacts / f"browser-{name}", **more)

    return start


@pytest.fixture(scope="module")
def hub(start: Start) -> Iterator[DemoHub]:
    with start("cpus", pools=POOLS, free=FREE) as running:
        yield running


@pytest.fixture
def visit(open_page: OpenPage, hub: DemoHub) -> HubPages:
    visit = open_page(hub.url)
    # What one person posts is in the next form of the same.
    visit.log_in(f"person{next(PEOPLE)}")
    return visit


def cpu(visit: HubPages, target: str) -> Locator:
    return visit.form.locator(f"input[name=cpu_target][value='{target}']")


def told(visit: HubPages, target: str) -> Locator:
    """What is told of a CPU below its name."""
    return visit.page.locator(f"#{cpu(visit, target).get_attribute('aria-describedby')}")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("automatic", "zen4 builds, 3 nodes free"),
        (ZEN4, "zen4 builds, 3 nodes free"),
        (ZEN2, "zen2 builds, 1 node free (pool old)"),
        (ZEN3, "zen3 builds, 3 nodes free (pool zen4)"),
        (ICELAKE, "icelake builds; no free node now; a new one is started (pool cloud)"),
        (ARM, "Cannot run on pool arm: the server's image does not run on aarch64"),
    ],
)
def test_each_cpu_says_what_it_runs_and_where_there_is_room(visit: HubPages, target: str, words: str) -> None:
    expect(told(visit, target)).to_have_text(words, use_inner_text=True)


def test_automatic_comes_first_then_what_is_free_then_what_waits_then_what_cannot(visit: HubPages) -> None:
    offered = [found.get_attribute("value") for found in visit.form.locator("input[name=cpu_target]").all()]
    assert offered == ["automatic", ZEN4, ZEN3, ZEN2, ZEN5, ICELAKE, ARM]
    expect(cpu(visit, "automatic")).to_be_checked()
    expect(visit.form.locator("input[name=cpu_target]:disabled")).to_have_value(ARM)


def test_a_chosen_cpu_is_posted(visit: HubPages) -> None:
    visit.form.get_by_label("zen2").check()
    assert visit.posted()["cpu_target"] == [ZEN2]


def test_left_as_it_is_the_form_posts_automatic(visit: HubPages) -> None:
    assert visit.posted()["cpu_target"] == ["automatic"]


def test_what_is_told_is_of_the_release_that_is_chosen(visit: HubPages) -> None:
    zen5 = told(visit, ZEN5)
    expect(zen5).to_have_text("zen5 builds; no free node now; a new one is started", use_inner_text=True)
    visit.release("2023.06").check()
    older = "zen5 nodes, EESSI 2023.06 has zen4 builds; no free node now; a new one is started"
    expect(zen5).to_have_text(older, use_inner_text=True)
    visit.choose_all()
    both = f"EESSI 2025.06: zen5 builds; no free node now; a new one is started EESSI 2023.06: {older}"
    expect(zen5).to_have_text(both, use_inner_text=True)
    visit.picture("form-cpus-all-releases")


def test_by_keyboard_alone_a_cpu_is_chosen_and_what_cannot_run_is_passed_over(visit: HubPages) -> None:
    visit.release("2025.06").focus()
    keyboard = visit.page.keyboard
    keyboard.press("Tab")
    expect(cpu(visit, "automatic")).to_be_focused()
    for target in (ZEN4, ZEN3, ZEN2, ZEN5, ICELAKE):
        keyboard.press("ArrowDown")
        expect(cpu(visit, target)).to_be_focused()
        expect(cpu(visit, target)).to_be_checked()
    visit.picture("form-cpus-keyboard")
    keyboard.press("ArrowDown")
    expect(cpu(visit, "automatic")).to_be_focused()


def test_a_refused_form_comes_back_with_its_release_and_its_cpu(visit: HubPages) -> None:
    visit.release("2023.06").check()
    cpu(visit, ZEN2).check()
    for box in visit.form.locator("input[name=environments]:visible").all():
        box.uncheck()
    visit.start_button.click()
    expect(visit.error).to_contain_text("Tick at least one environment")
    expect(visit.release("2023.06")).to_be_checked()
    expect(cpu(visit, ZEN2)).to_be_checked()


def test_a_choice_that_no_pool_can_run_comes_back_whole_with_the_reasons(visit: HubPages) -> None:
    visit.generation("2024a").uncheck()
    # As in a form that was opened before the pool was changed.
    cpu(visit, ARM).evaluate("radio => { radio.disabled = false; radio.checked = true }")
    visit.start_button.click()
    expect(visit.error).to_contain_text("No node pool can run this server with builds for aarch64/neoverse_v1")
    expect(visit.error).to_contain_text("arm: the server's image does not run on aarch64")
    expect(visit.error).to_contain_text("Choose any CPU: pool zen4 has zen4 builds, 3 nodes free.")
    expect(cpu(visit, "automatic")).to_be_checked()
    expect(visit.generation("2024a")).not_to_be_checked()
    visit.picture("form-cpus-refused")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "cpu_target=x86_64/amd/zen6",
            "There is no CPU target 'x86_64/amd/zen6' to choose. Choose x86_64/generic, the next best",
        ),
        ("cpu_target=<b>zen4</b>", "'<b>zen4</b>' is not a CPU target."),
        ("cpu_target=x86_64/amd/zen4&cpu_target=automatic", "One cpu_target was expected, several came."),
        ("pool=nowhere", "There is no node pool 'nowhere' to choose. Choose from: zen4, old, cloud, zen5, arm, gpu."),
        (
            "release=2025.06&pool=old&cpu_target=x86_64/amd/zen4",
            "No node pool can run this server with builds for x86_64/amd/zen4 (old: its CPUs, zen2, do not run zen4",
        ),
    ],
)
def test_a_link_that_cannot_be_is_answered_by_the_form_with_the_reason(visit: HubPages, query: str, words: str) -> None:
    visit.page.goto(f"{visit.url}hub/spawn?{query}")
    expect(visit.error).to_contain_text(words)
    expect(visit.form.locator("#eessi-cpus")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_on_any_screen_nothing_is_cut_and_axe_finds_nothing_serious(
    open_page: OpenPage, hub: DemoHub, size: str, scheme: str
) -> None:
    visit = open_page(hub.url, size=size, scheme=scheme)
    visit.log_in("onlooker")
    visit.picture(f"form-cpus-{size}-{scheme}")
    assert visit.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert visit.form.evaluate(CUT) == []
    assert visit.form.evaluate(SMALL) == []
    assert serious(visit) == []


@pytest.mark.parametrize(
    ("pools", "free", "words"),
    [
        ([], None, None),
        (POOLS[:1], None, "Node pool zen4: zen4 builds"),
        (POOLS[:1], {"zen4": 3}, "Node pool zen4: zen4 builds, 3 nodes free"),
        (POOLS[4:5], None, "Cannot run on pool arm: the server's image does not run on aarch64"),
    ],
    ids=["no-pools", "one", "one-with-room", "one-that-cannot"],
)
def test_without_a_choice_of_cpus_a_quiet_line_says_where_servers_run(  # noqa: PLR0913, PLR0917
    open_page: OpenPage,
    start: Start,
    request: pytest.FixtureRequest,
    pools: list[dict[str, Any]],
    free: dict[str, int] | None,
    words: str | None,
) -> None:
    name = request.node.callspec.id
    with start(name, pools=pools, free=free) as hub:
        visit = open_page(hub.url)
        visit.log_in("ada")
        visit.picture(f"form-cpus-{name}")
        expect(visit.form).to_contain_text("built for the CPU that they run on.")
        expect(visit.form.locator("input[name=cpu_target]")).to_have_count(0)
        line = visit.form.locator("#eessi-cpus")
        if words is None:
            expect(line).to_have_count(0)
        else:
            expect(line).to_have_text(words, use_inner_text=True)
