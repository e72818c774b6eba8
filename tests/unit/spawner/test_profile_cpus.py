"""The option `eessi` of profiles where nodes have several CPUs: what a profile starts with, in short lines."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tornado.web import HTTPError

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.placement.request import Request
from eessi_spawner.spawner.cpus import CpuChoice, cpu_choices
from eessi_spawner.spawner.profiles import add_eessi_option
from tests.unit.spawner.pods import Json, MakeSpawner, PodOf, environments, variables
from tests.unit.spawner.pools import ENVIRONMENTS, found, offers, state

ZEN4 = state("zen4", "x86_64/amd/zen4", free=3, max_nodes=8)
CLOUD = state("cloud", "x86_64/intel/icelake", free=0, max_nodes=4)
OFFERED = offers(ZEN4, CLOUD)
LINES = {
    "2025.06": "2025.06, any CPU (several builds): 3 nodes free",
    "2025.06-x86-64.amd.zen4": "2025.06, zen4 (several builds): 3 nodes free",
    "2025.06-x86-64.intel.icelake": "2025.06, icelake: waits for a new node",
    "2023.06": "2023.06, any CPU (zen3): 3 nodes free",
    "2023.06-x86-64.amd.zen4": "2023.06, zen4 (zen3 builds): 3 nodes free",
    "2023.06-x86-64.intel.icelake": "2023.06, icelake: waits for a new node",
    "all": "All releases, side by side",
}


def cpus_of(override: Json) -> tuple[CpuChoice, ...]:
    request = Request(Resources(cpu=override.get("cpu_limit", 0)), pool=override.get("pool", ""))
    return cpu_choices(OFFERED.placing, ENVIRONMENTS, request)


def option(override: Json | None = None, **more: Any) -> Json:
    profile = {"display_name": "P", "description": "Mine.", "kubespawner_override": override or {}}
    (made,) = add_eessi_option([profile], OFFERED, cpus_of=cpus_of, **more)
    return made


def test_each_release_and_cpu_is_a_short_line_and_the_newest_on_any_cpu_the_default() -> None:
    eessi = option()["profile_options"]["eessi"]
    assert eessi["display_name"] == "EESSI release and CPU"
    assert {key: choice["display_name"] for key, choice in eessi["choices"].items()} == LINES
    assert all(len(line) <= 48 for line in LINES.values())
    assert [key for key, choice in eessi["choices"].items() if choice["default"]] == ["2025.06"]
    assert json.loads(json.dumps(eessi)) == eessi, "it is plain JSON"


@pytest.mark.parametrize(
    ("release", "cpu_target", "default"),
    [
        ("2023.06", "", "2023.06"),
        ("", "x86_64/amd/zen4", "2025.06-x86-64.amd.zen4"),
        ("all", "x86_64/amd/zen4", "all-x86-64.amd.zen4"),
        ("", "x86_64/amd/zen5", "2025.06"),
    ],
)
def test_what_the_site_configures_is_the_default(release: str, cpu_target: str, default: str) -> None:
    choices = option(release=release, cpu_target=cpu_target)["profile_options"]["eessi"]["choices"]
    assert [key for key, choice in choices.items() if choice["default"]] == [default]


def test_a_choice_sets_the_release_its_environments_and_the_cpu() -> None:
    choices = option()["profile_options"]["eessi"]["choices"]
    assert choices["2025.06-x86-64.intel.icelake"]["kubespawner_override"] == {
        "release": "2025.06",
        "module_environments": ["new-a", "new-b"],
        "cpu_target": "x86_64/intel/icelake",
    }
    assert choices["all"]["kubespawner_override"]["cpu_target"] == ""


@pytest.mark.parametrize(
    ("override", "description"),
    [
        ({"pool": "cloud"}, "Mine."),
        ({"pool": "gone"}, "Mine. Cannot run now: node pool gone is not there, or is kept for others."),
        ({"pool": "<b>"}, "Mine. Cannot run now: node pool &lt;b&gt; is not there, or is kept for others."),
    ],
)
def test_a_profile_that_nothing_can_run_says_why_and_has_nothing_to_choose(override: Json, description: str) -> None:
    made = option(override)
    assert made["description"] == description
    assert ("profile_options" in made) is (description == "Mine.")


def test_reasons_are_told_without_markup() -> None:
    nasty = offers(found("<i>x</i>", "x86_64/amd/zen4", free=1))
    request = Request(machines=("aarch64",))
    profile = {"display_name": "P"}
    (made,) = add_eessi_option(
        [profile], nasty, cpus_of=lambda _override: cpu_choices(nasty.placing, ENVIRONMENTS, request)
    )
    reason = "&lt;i&gt;x&lt;/i&gt;: the server's image does not run on x86_64"
    assert made == {**profile, "description": f"Cannot run now ({reason})."}


POOLS: list[Json] = [
    {"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}},
    {"name": "old", "cpu_target": "x86_64/amd/zen2", "node_selector": {"pool": "old"}},
    {"name": "kept", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "k"}, "allowed_groups": ["few"]},
]
PROFILES: list[Json] = [
    {"display_name": "Any", "slug": "any"},
    {"display_name": "Pinned", "slug": "pinned", "kubespawner_override": {"cpu_target": "x86_64/amd/zen2"}},
    {"display_name": "Later", "slug": "later", "kubespawner_override": {"cpu_target": lambda _spawner: ""}},
    {"display_name": "Kept", "slug": "kept", "kubespawner_override": {"pool": "kept"}},
]


def pool_of(pod: Json) -> list[str]:
    """Return the values of the label `pool` that the pod's node must have."""
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = terms["nodeSelectorTerms"]
    return [value for found in term["matchExpressions"] if found["key"] == "pool" for value in found["values"]]


@pytest.mark.parametrize(
    ("options", "pool", "pin"),
    [
        ({"profile": "any"}, ["zen4"], ""),
        ({"profile": "any", "eessi": "2023.06-x86-64.amd.zen2"}, ["old"], "x86_64/amd/zen2"),
        ({"profile": "pinned"}, ["old"], "x86_64/amd/zen2"),
        ({"profile": "pinned", "eessi": "all-x86-64.amd.zen2"}, ["old"], "x86_64/amd/zen2"),
        ({"profile": "pinned", "cpu_target": "automatic"}, ["zen4"], ""),
        ({"profile": "later", "eessi": "2023.06"}, ["zen4"], ""),
    ],
)
def test_a_profile_and_its_choice_decide_the_pool(
    options: Json, pool: list[str], pin: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner({"profile_list": PROFILES}, node_pools=POOLS)
    pod = pod_of(spawner, options)
    assert pool_of(pod) == pool
    assert spawner.cpu_target == pin
    assert environments(pod)
    assert pin in str(variables(pod))


def test_a_profile_for_a_pool_that_is_kept_for_others_shows_the_form_and_is_refused(
    make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner({"profile_list": PROFILES}, node_pools=POOLS)
    page = loop.run_until_complete(spawner.render_options_form(spawner))
    assert "Cannot run now: node pool kept is not there, or is kept for others." in page
    with pytest.raises(HTTPError, match="Node pool 'kept' is not there, or is kept for others") as raised:
        pod_of(spawner, {"profile": "kept"})
    assert raised.value.status_code == 400
