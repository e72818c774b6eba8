"""The admin's profiles with the option `eessi`, in KubeSpawner's own form and in that of jupyterhub-fancy-profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from eessi_spawner.demo.hub import DemoHub
from tests.browser.conftest import OpenPage
from tests.browser.hub_pages import HubPages
from tests.browser.kube_hub import kube_hub
from tests.browser.test_form_cpus import FREE, POOLS

PROFILES: list[dict[str, Any]] = [
    {
        "display_name": "Small",
        "slug": "small",
        "description": "One core.",
        "kubespawner_override": {"cpu_limit": 1, "image_machines": ["x86_64", "aarch64"]},
    },
    {
        "display_name": "Same builds for the course",
        "slug": "course",
        "description": "Pinned by the teacher.",
        "kubespawner_override": {"cpu_target": "x86_64/amd/zen2"},
    },
    {
        "display_name": "Eight GPUs",
        "slug": "gpus",
        "description": "For training.",
        "kubespawner_override": {"extra_resource_limits": {"nvidia.com/gpu": "8"}},
    },
]
ANY = "2025.06, any CPU (zen4): 3 nodes free"
OFFERED = [
    ANY,
    "2025.06, zen4: 3 nodes free",
    "2025.06, neoverse_v1: 2 nodes free",
    "2025.06, zen3: 3 nodes free",
    "2025.06, zen2: 1 node free",
    "2025.06, zen5: waits for a new node",
    "2025.06, icelake: waits for a new node",
]
CANNOT = (
    "For training. Cannot run now (arm: the server's image does not run on aarch64; gpu: its nodes have 2"
    " nvidia.com/gpu, the server asks for 8; old, zen4, cloud, zen5: it has no GPUs)."
)


@pytest.fixture(scope="module", params=["stock", "fancy"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def hub(kind: str, tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Iterator[DemoHub]:
    state, log = tmp_path_factory.mktemp(kind), artefacts / f"browser-profiles-{kind}"
    with kube_hub(state, log, pools=POOLS, free=FREE, profiles=PROFILES, fancy=kind == "fancy") as running:
        yield running


def options_of(visit: HubPages, kind: str, slug: str) -> list[str]:
    """Return what a profile offers of releases and CPUs, in the order of its list."""
    if kind == "stock":
        return visit.form.locator(f"#profile-option-{slug}--eessi option").all_inner_texts()
    _fancy(visit, slug).click()
    found = visit.page.locator("[role=option]").all_inner_texts()
    visit.page.keyboard.press("Escape")
    return found


def _fancy(visit: HubPages, slug: str) -> Locator:
    index = [profile["slug"] for profile in PROFILES].index(slug)
    return visit.page.get_by_role("combobox", name="EESSI release and CPU").nth(index)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_profiles_offer_releases_and_cpus_in_lines_that_can_be_read(
    open_page: OpenPage, hub: DemoHub, kind: str, size: str
) -> None:
    visit = open_page(hub.url, size=size)
    visit.log_in("ada")
    expect(visit.form).to_contain_text(CANNOT)
    visit.picture(f"form-profiles-{kind}-{size}")
    offered = options_of(visit, kind, "small")
    assert offered[: len(OFFERED)] == OFFERED
    assert offered[-1] == "All releases, side by side"


def test_a_cpu_that_a_profile_pins_is_the_only_one_of_it(open_page: OpenPage, hub: DemoHub, kind: str) -> None:
    visit = open_page(hub.url)
    visit.log_in("ada")
    expect(visit.form).to_contain_text("Pinned by the teacher.")
    assert options_of(visit, kind, "course") == [
        "2025.06, zen2: 1 node free",
        "2023.06, zen2: 1 node free",
        "All releases, side by side, zen2",
    ]


def test_what_is_chosen_is_posted(open_page: OpenPage, hub: DemoHub, kind: str) -> None:
    visit = open_page(hub.url)
    visit.log_in("ada")
    expect(visit.form).to_contain_text("One core.")
    chosen = "2025.06, zen2: 1 node free"
    if kind == "stock":
        visit.form.locator("#profile-option-small--eessi").select_option(label=chosen)
    else:
        _fancy(visit, "small").click()
        visit.picture("form-profiles-fancy-open")
        visit.page.get_by_role("option", name=chosen).click()
    posted = visit.posted()
    assert posted["profile"] == ["small"]
    assert posted["profile-option-small--eessi"] == ["2025.06-x86-64.amd.zen2"]
