"""Whatever pools are declared and whatever is chosen: a pod of the choice on a pool of the user's, or HTTP 400."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes_asyncio.client import ApiClient
from tornado.web import HTTPError

from eessi_spawner.spawner.kube import EESSISpawner
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.affinity import selects
from tests.unit.spawner import pods
from tests.unit.spawner.pods import ARM, ZEN3, ZEN4, Json, MakeSpawner

TARGETS = [ZEN4, ZEN3, "x86_64/generic", "x86_64/intel/icelake", "x86_64/amd/zen5", ARM]
NAMES = ["a", "b", "c", "d"]
GROUPS = ["maths", "physics"]
PROFILES: list[Json] = [
    {"display_name": "Plain", "slug": "plain"},
    {"display_name": "GPU", "slug": "gpu", "kubespawner_override": {"extra_resource_limits": {"nvidia.com/gpu": "1"}}},
    {"display_name": "Pinned", "slug": "pinned", "kubespawner_override": {"cpu_target": ZEN3, "cpu_limit": 4}},
    {"display_name": "There", "slug": "there", "kubespawner_override": {"pool": "a"}},
]


def optional(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=strategies)


declared = st.lists(
    optional(
        cpu_target=st.sampled_from(TARGETS),
        accelerators=st.just(["nvidia/cc80"]),
        allowed_groups=st.lists(st.sampled_from(GROUPS), min_size=1, unique=True),
        cpu=st.sampled_from([2, 8]),
        max_nodes=st.sampled_from([0, 3]),
    ),
    max_size=4,
).map(
    lambda found: [
        {"name": name, "node_selector": {"pool": name}, **pool} for name, pool in zip(NAMES, found, strict=False)
    ]
)
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9), st.lists(st.sampled_from(TARGETS)))
options = optional(
    cpu_target=st.one_of(st.sampled_from([*TARGETS, "automatic", "", "riscv64/generic"]), anything),
    pool=st.one_of(st.sampled_from([*NAMES, ""]), anything),
    release=st.sampled_from(["2025.06", "2023.06", "all", ""]),
    profile=st.sampled_from(["plain", "gpu", "pinned", "there", "", "nope"]),
    eessi=st.sampled_from(["2025.06", "2023.06-x86-64.amd.zen3", "all", "2025.06-x86-64.amd.zen4", ""]),
)


async def start(spawner: EESSISpawner, chosen: Json) -> Json | None:
    """Return the pod, or None where it is refused by HTTP 400; whatever else is raised is a mistake."""
    spawner.user_options = chosen
    try:
        await spawner._run_apply_user_options(chosen)
        await spawner.load_user_options()
        manifest = await spawner.get_pod_manifest()
    except HTTPError as error:
        if error.status_code != 400:
            raise
        return None
    async with ApiClient() as client:
        pod: Json = client.sanitize_for_serialization(manifest)
    return pod


@pytest.mark.parametrize("profiles", [[], PROFILES], ids=["no-profiles", "profiles"])
def test_a_pod_may_only_run_where_its_user_and_its_choice_may(
    profiles: list[Json], make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    made = refused = 0

    @settings(max_examples=250, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(declared, options, st.lists(st.sampled_from(GROUPS), unique=True), st.sampled_from(["", ZEN3]))
    def check(node_pools: list[Json], chosen: Json, groups: list[str], configured: str) -> None:
        nonlocal made, refused
        if not profiles:
            chosen = {key: value for key, value in chosen.items() if key not in {"profile", "eessi"}}
        json.dumps(chosen)
        spawner = make_spawner({"profile_list": profiles}, node_pools=node_pools, cpu_target=configured)
        spawner.log.disabled = True
        pods.join(spawner, *groups)
        pod = loop.run_until_complete(start(spawner, chosen))
        if pod is None:
            refused += 1
            return
        made += 1
        pin = pods.settings(pod).cpu_target
        if chosen.get("cpu_target"):
            assert pin == chosen["cpu_target"].removeprefix("automatic")
        reached = [pool for pool in node_pools if selects(pod["spec"].get("affinity"), pool["node_selector"])]
        assert len(reached) == bool(node_pools), "one pool, where there are any"
        assert selects(pod["spec"].get("affinity"), {"pool": "none of these"}) == (not node_pools)
        for pool in reached:
            assert set(pool.get("allowed_groups", groups)) & set(groups) or "allowed_groups" not in pool
            assert chosen.get("pool") in (None, "", pool["name"])
            assert not pin or CpuTarget(pool["cpu_target"]).runs(CpuTarget(pin))
            assert pool.get("cpu_target") != ARM, "the image does not run there"
            assert pods.settings(pod).promised == pool.get("cpu_target", "")

    try:
        check()
    finally:
        make_spawner().log.disabled = False
    assert min(made, refused) > 50, "the test tests something"
