"""What one start chose is not what the next one gets, and what is configured is the default of all of them."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.spawner.pods import (
    POOLS,
    ZEN3,
    ZEN4,
    Json,
    MakeSpawner,
    PodOf,
    environments,
    notebook,
    pool_term,
    settings,
    terms,
)

GENERIC = "x86_64/generic"
PROFILES: list[Json] = [
    {"display_name": "Free", "slug": "free"},
    {"display_name": "Pinned", "slug": "pinned", "kubespawner_override": {"cpu_target": ZEN3}},
    {"display_name": "There", "slug": "there", "kubespawner_override": {"pool": "gpu"}},
    {"display_name": "Old", "slug": "old", "kubespawner_override": {"release": "2023.06"}},
    {
        "display_name": "One",
        "slug": "one",
        "kubespawner_override": {"module_environments": ["2025.06-python-2024a"]},
    },
]


@pytest.mark.parametrize("pin", ["", ZEN4, ZEN3, GENERIC])
def test_after_any_choice_a_start_without_options_gets_what_is_configured(
    pin: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner(node_pools=POOLS, cpu_target=pin, release="2023.06")
    first = pod_of(spawner, {})
    chosen = pod_of(spawner, {"cpu_target": ZEN4, "release": "2025.06", "pool": "gpu"})
    assert (settings(chosen).cpu_target, terms(chosen)) == (ZEN4, [{"matchExpressions": [pool_term("gpu")]}])
    assert settings(pod_of(spawner, {"cpu_target": "automatic"})).cpu_target == ""
    last = pod_of(spawner, {})
    assert settings(last) == settings(first)
    assert settings(last).cpu_target == pin
    assert terms(last) == terms(first)


@pytest.mark.parametrize("options", [{"cpu_target": ZEN3}, {"pool": "zen3"}, {"cpu_target": "automatic"}])
def test_who_chooses_only_where_to_run_gets_the_configured_environments(
    options: Json, make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    configured = {"release": "2023.06", "module_environments": ["2023.06-python-2023b"], "node_pools": POOLS}
    spawner = make_spawner(**configured)
    assert environments(pod_of(spawner, options)) == ["2023.06-python-2023b"]
    link = loop.run_until_complete(spawner.read_form({key: [value] for key, value in options.items()}))
    assert link == {"release": "2023.06", "environments": ["2023.06-python-2023b"], **options}


def test_who_chooses_a_release_in_a_profile_and_a_pool_by_rest_gets_both(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    options = {"profile": "free", "eessi": "2023.06", "pool": "zen3"}
    pod = pod_of(make_spawner({"profile_list": PROFILES}, node_pools=POOLS), options)
    assert terms(pod) == [{"matchExpressions": [pool_term("zen3")]}]
    assert all(name.startswith("2023.06") for name in environments(pod))


@pytest.mark.parametrize(("configured", "pin"), [({}, ""), ({"cpu_target": GENERIC}, GENERIC)])
@pytest.mark.parametrize("first", ["pinned", "there", "old", "one"])
def test_a_profile_leaves_nothing_of_ours_to_the_next_one(
    first: str, configured: Json, pin: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    def make() -> object:
        return make_spawner({"profile_list": PROFILES}, node_pools=POOLS, **configured)

    fresh = pod_of(make(), {"profile": "free"})
    spawner = make()
    pod_of(spawner, {"profile": first})
    second = pod_of(spawner, {"profile": "free"})
    assert settings(second) == settings(fresh)
    assert terms(second) == terms(fresh)
    assert settings(second).cpu_target == pin


@pytest.mark.parametrize("node_pools", [POOLS, []], ids=["pools", "no-pools"])
@pytest.mark.parametrize("release", ["", "2023.06", "all"])
def test_what_a_profile_sets_is_not_overwritten_by_the_default_of_our_option(
    release: str, node_pools: list[Json], make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner({"profile_list": PROFILES}, node_pools=node_pools)
    pinned = {"profile": "pinned", **({"eessi": f"{release}-x86-64.amd.zen3"} if release == "2023.06" else {})}
    assert settings(pod_of(spawner, pinned if node_pools else {"profile": "pinned"})).cpu_target == ZEN3
    assert all(name.startswith("2023.06") for name in environments(pod_of(spawner, {"profile": "old"})))
    assert environments(pod_of(spawner, {"profile": "one"})) == ["2025.06-python-2024a"]


def test_a_profile_that_sets_a_cpu_offers_no_other(make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop) -> None:
    spawner = make_spawner({"profile_list": PROFILES}, node_pools=POOLS)
    loop.run_until_complete(spawner._profiles())
    free, pinned, *_ = spawner._get_initialized_profile_list(PROFILES)
    targets = [
        {
            choice["kubespawner_override"]["cpu_target"]
            for choice in profile["profile_options"]["eessi"]["choices"].values()
        }
        for profile in (free, pinned)
    ]
    assert targets == [{"", ZEN4, ZEN3}, {ZEN3}]


def test_the_form_preselects_the_configured_pin(make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop) -> None:
    for pin in (ZEN3, GENERIC):
        spawner = make_spawner(node_pools=POOLS, cpu_target=pin)
        form = loop.run_until_complete(spawner.render_options_form(spawner))
        assert "checked" in form.partition(f'value="{pin}"')[2].partition(">")[0]
        assert "checked" not in form.partition('value="automatic"')[2].partition(">")[0]


def test_what_a_groups_overrides_set_is_the_default_of_that_start(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    """JupyterHub applies them, and the hook for the authenticator's state, just before a user's options."""
    spawner = make_spawner(node_pools=POOLS)
    spawner.pool = "zen3"
    assert terms(pod_of(spawner, {})) == [{"matchExpressions": [pool_term("zen3")]}]
    assert terms(pod_of(spawner, {"pool": "zen4"})) == [{"matchExpressions": [pool_term("zen4")]}]
    assert terms(pod_of(spawner, {})) == [{"matchExpressions": [pool_term("zen3")]}]


def test_the_profiles_of_others_are_not_looked_at_by_a_start(
    make_spawner: MakeSpawner, pod_of: PodOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawner = make_spawner({"profile_list": PROFILES}, node_pools=POOLS)
    seen: list[Json] = []
    choices = spawner.cpu_choices
    monkeypatch.setattr(
        spawner,
        "cpu_choices",
        lambda offers, overrides: (seen.append(overrides), choices(offers, overrides=overrides))[1],
    )
    assert notebook(pod_of(spawner, {"profile": "pinned"}))
    assert seen
    assert all(own == {"cpu_target": ZEN3} for own in seen)


@pytest.mark.parametrize(("trait", "value"), [("pool", "zen3"), ("mem_guarantee", "100G")])
def test_what_a_hook_asks_for_after_the_choice_decides_the_pool(
    trait: str, value: str, make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    small = {"cpu_target": ZEN4, "node_selector": {"pool": "zen4"}, "memory": "8Gi", "name": "zen4"}
    large = {"cpu_target": ZEN3, "node_selector": {"pool": "zen3"}, "memory": "512Gi", "name": "zen3"}
    spawner = make_spawner(node_pools=[small, large])

    async def start() -> str:
        await spawner._run_apply_user_options({})
        assert spawner.taken[0].state.pool.name == "zen4"
        setattr(spawner, trait, value)
        await spawner.load_user_options()
        return spawner.taken[0].state.pool.name

    assert loop.run_until_complete(start()) == "zen3"
