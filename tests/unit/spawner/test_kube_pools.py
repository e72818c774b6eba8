"""The pods of servers that are sent to node pools: where they may run, on which image, and what their kernels hear."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.web import HTTPError

from tests.unit.spawner.pods import (
    ARM,
    POOLS,
    ZEN3,
    ZEN4,
    Json,
    MakeSpawner,
    PodOf,
    join,
    notebook,
    pool_term,
    settings,
    terms,
)

Z2JH = {"matchExpressions": [{"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}]}
GPU = {"extra_resource_limits": {"nvidia.com/gpu": "1"}}
ARM_IMAGE = {"aarch64": "registry.example.org/arm:1"}


@pytest.mark.parametrize(
    ("options", "kube", "pool", "pin"),
    [
        ({}, {}, "zen4", ""),
        ({"cpu_target": "automatic"}, {}, "zen4", ""),
        ({"cpu_target": ZEN3}, {}, "zen3", ZEN3),
        ({"cpu_target": ZEN4}, {}, "zen4", ZEN4),
        ({"cpu_target": "x86_64/generic"}, {}, "zen3", "x86_64/generic"),
        ({"pool": "zen3"}, {}, "zen3", ""),
        ({"pool": "zen4", "cpu_target": ZEN3}, {}, "zen4", ZEN3),
        ({}, GPU, "gpu", ""),
        ({"pool": "gpu"}, {}, "gpu", ""),
    ],
)
def test_a_pod_goes_to_the_pool_that_serves_its_choice(  # noqa: PLR0913, PLR0917
    options: Json, kube: Json, pool: str, pin: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    pod = pod_of(make_spawner(kube, node_pools=POOLS), options)
    assert terms(pod) == [{"matchExpressions": [pool_term(pool)]}]
    assert settings(pod).cpu_target == pin
    assert settings(pod).promised == (ZEN3 if pool == "zen3" else ZEN4)


def test_without_pools_nothing_is_required_of_nodes_and_no_cpu_is_promised(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    pod = pod_of(make_spawner())
    assert terms(pod) == []
    assert settings(pod).promised == ""


def test_what_the_admin_requires_of_nodes_is_kept_and_required_besides(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    own = {"key": "own", "operator": "Exists"}
    kube = {"node_affinity_required": [Z2JH], "node_selector": {"disk": "ssd"}, "tolerations": [own], **GPU}
    pod = pod_of(make_spawner(kube, node_pools=POOLS))
    assert terms(pod) == [{"matchExpressions": [*Z2JH["matchExpressions"], pool_term("gpu")]}]
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert pod["spec"]["tolerations"] == [own, *POOLS[3]["tolerations"]]


def test_tolerations_may_be_a_mapping_as_kubespawners_are(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    own = {"key": "own", "operator": "Exists"}
    pod = pod_of(make_spawner({"tolerations": {"01-own": own}}, node_pools=POOLS))
    assert pod["spec"]["tolerations"] == [own]


def test_the_pool_names_the_nfs_server(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    way = {"way": "nfs", "server": "192.0.2.7"}
    for pool, server in (("zen4", "192.0.2.7"), ("zen3", "192.0.2.3")):
        pod = pod_of(make_spawner(node_pools=POOLS, eessi_attach=way), {"pool": pool})
        assert pod["spec"]["volumes"][0]["nfs"]["server"] == server


@pytest.mark.parametrize(
    ("configured", "image"),
    [
        ({"machine_images": ARM_IMAGE}, "registry.example.org/arm:1"),
        ({"image_machines": []}, "registry.example.org/user:1"),
        ({"image_machines": [], "machine_images": ARM_IMAGE}, "registry.example.org/user:1"),
        ({"image_machines": ["x86_64", "aarch64"], "machine_images": ARM_IMAGE}, "registry.example.org/user:1"),
    ],
    ids=["another-image", "multi-arch", "multi-arch-needs-no-other", "said-to-run"],
)
def test_on_another_machine_type_the_image_is_one_that_runs_there(
    configured: Json, image: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    kube = {"image": "registry.example.org/user:1"}
    pod = pod_of(make_spawner(kube, node_pools=POOLS, **configured), {"pool": "arm"})
    assert notebook(pod)["image"] == image
    assert settings(pod).promised == ARM


def test_an_image_that_a_profile_sets_is_never_replaced(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    profiles = [{"display_name": "R", "slug": "r", "kubespawner_override": {"image": "registry.example.org/r:1"}}]
    kube = {"image": "registry.example.org/user:1", "profile_list": profiles}
    configured = {"node_pools": POOLS, "machine_images": ARM_IMAGE}
    assert notebook(pod_of(make_spawner(kube, **configured), {}))["image"] == "registry.example.org/r:1"
    with pytest.raises(HTTPError, match="image does not run on aarch64"):
        pod_of(make_spawner(kube, **configured), {"pool": "arm"})


def test_servers_without_environments_are_sent_to_a_pool_as_well(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    kept = {"release_groups": {"2025.06": ["nobody"], "2023.06": ["nobody"]}}
    pod = pod_of(make_spawner(node_pools=POOLS, **kept))
    assert terms(pod) == [{"matchExpressions": [pool_term("zen4")]}]
    assert settings(pod).environments == ()


def test_older_builds_are_named_to_the_kernels_of_environments_that_have_no_better(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    """Release 2023.06 has no builds for zen5 in EESSI's catalogue, so that its kernels get those for an older one."""
    pools = [{"name": "zen5", "cpu_target": "x86_64/amd/zen5"}]
    told = settings(pod_of(make_spawner(node_pools=pools), {"release": "2023.06", "cpu_target": "x86_64/amd/zen5"}))
    assert told.cpu_target == told.promised == "x86_64/amd/zen5"
    assert set(told.targets.values()) <= {ZEN4, ZEN3}
    assert set(told.targets) == {found.name for found in told.environments}


# What cannot be


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cpu_target": "x86_64/intel/sapphirerapids"}, "Choose x86_64/generic, the next best that there is"),
        ({"cpu_target": "x86_64/amd/zen5"}, f"Choose {ZEN4}, the next best that there is, or 'automatic'"),
        ({"cpu_target": "riscv64/generic"}, "There is no CPU target 'riscv64/generic' to choose"),
        ({"cpu_target": "; reboot"}, "is not a CPU target"),
        ({"cpu_target": [ZEN4]}, "There is no CPU target"),
        ({"pool": "course"}, "There is no node pool 'course' to choose"),
        ({"pool": {"a": 1}}, "There is no node pool"),
        ({"pool": "zen3", "cpu_target": ZEN4}, "do not run zen4 builds"),
        ({"pool": "arm"}, "image does not run on aarch64"),
    ],
)
@pytest.mark.parametrize("profiles", [[], [{"display_name": "P", "slug": "p"}]], ids=["no-profiles", "profiles"])
def test_what_no_pool_can_run_is_refused_with_what_can_be_had(
    profiles: list[Json], options: Json, words: str, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    with pytest.raises(HTTPError) as raised:
        pod_of(make_spawner({"profile_list": profiles}, node_pools=POOLS), options)
    assert raised.value.status_code == 400
    assert words in str(raised.value)


def test_a_saved_target_that_has_gone_is_refused_once_and_not_used_again(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    good = {"cpu_target": ZEN4}
    spawner = make_spawner(node_pools=POOLS)
    pod_of(spawner, good)
    assert spawner.user_options == good
    spawner.node_pools = [POOLS[1]]
    with pytest.raises(HTTPError, match=f"Choose {ZEN3}, the next best"):
        pod_of(spawner, good)
    assert spawner.user_options == spawner.orm_spawner.user_options == {}
    assert terms(pod_of(spawner, spawner.user_options)) == [{"matchExpressions": [pool_term("zen3")]}]


def test_after_a_choice_that_no_pool_can_run_the_last_good_one_is_put_back(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner(node_pools=POOLS)
    good = {"cpu_target": ZEN3}
    pod_of(spawner, good)
    with pytest.raises(HTTPError):
        pod_of(spawner, {"pool": "zen3", "cpu_target": ZEN4})
    assert spawner.user_options == spawner.orm_spawner.user_options == good


def test_a_profiles_choice_that_goes_while_a_server_starts_is_http_400(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    def profiles(spawner: Any) -> list[Json]:
        # Asked for after the offers: from the next time on they are others.
        spawner.node_pools = [POOLS[1]]
        return [{"display_name": "P", "slug": "p"}]

    spawner = make_spawner({"profile_list": profiles}, node_pools=POOLS)
    with pytest.raises(HTTPError, match="There is no choice of 'eessi'") as raised:
        pod_of(spawner, {"profile": "p", "eessi": "2025.06-x86-64.amd.zen4"})
    assert raised.value.status_code == 400


@pytest.mark.parametrize("kube", [{}, {"profile_list": [{"display_name": "P", "slug": "p"}]}])
def test_who_may_use_no_pool_gets_no_server_and_the_form_says_so(
    kube: Json, make_spawner: MakeSpawner, pod_of: PodOf, loop: Any
) -> None:
    spawner = make_spawner(kube, node_pools=[POOLS[4]])
    if not kube:
        form = loop.run_until_complete(spawner.render_options_form(spawner))
        assert "kept for groups that you are not in" in form
    with pytest.raises(HTTPError, match="kept for groups that you are not in") as raised:
        pod_of(spawner)
    assert raised.value.status_code == 400
    join(spawner, "course")
    assert terms(pod_of(spawner)) == [{"matchExpressions": [pool_term("course")]}]


@pytest.mark.parametrize(
    "override",
    [
        {"mem_limit": "lots"},
        {"cpu_limit": "many"},
        {"cpu_target": "no/such_cpu"},
        {"extra_resource_limits": {"nvidia.com/gpu": "one"}},
        {"extra_resource_limits": None, "tolerations": None},
        {"mem_limit": lambda _spawner: 2**30, "cpu_target": lambda _spawner: ZEN3},
    ],
)
def test_a_profile_that_cannot_be_used_does_not_take_the_form_along(
    override: Json, make_spawner: MakeSpawner, pod_of: PodOf, loop: Any
) -> None:
    profiles = [{"display_name": "Good", "slug": "good"}, {"display_name": "Bad", "kubespawner_override": override}]
    spawner = make_spawner({"profile_list": profiles}, node_pools=POOLS)
    assert "profile-option-good--eessi" in loop.run_until_complete(spawner.render_options_form(spawner))
    assert terms(pod_of(spawner, {"profile": "good"}))


def test_resources_that_kubernetes_would_refuse_are_http_400(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    kube = {"extra_resource_limits": {"nvidia.com/gpu": "one"}}
    with pytest.raises(HTTPError, match="'one' is not an amount") as raised:
        pod_of(make_spawner(kube, node_pools=POOLS))
    assert raised.value.status_code == 400


def test_a_configured_pin_that_is_none_is_said_in_the_form(make_spawner: MakeSpawner, loop: Any) -> None:
    spawner = make_spawner(cpu_target="zen4")
    assert "is not a CPU target" in loop.run_until_complete(spawner.render_options_form(spawner))
