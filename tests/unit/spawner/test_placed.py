"""What a server asks of its node is what its pod will ask, before and after its profile is applied."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from traitlets import TraitError

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.request import Request
from eessi_spawner.spawner.hub_pools import HubPools
from eessi_spawner.spawner.start_check import check_traits
from tests.unit.spawner.pods import POOLS, ZEN3, Json, MakeSpawner, PodOf, notebook

GPU = "nvidia.com/gpu"
OWN, PROFILES = {"key": "own", "operator": "Exists"}, {"key": "profiles", "operator": "Exists"}


@pytest.mark.parametrize(
    ("kube", "override", "resources"),
    [
        ({}, {}, Resources(0, 2**30)),
        ({"mem_guarantee": None, "cpu_limit": 2}, {}, Resources(2, 0)),
        ({"cpu_guarantee": 0.5, "cpu_limit": 2, "mem_limit": "4G"}, {}, Resources(0.5, 2**30)),
        ({}, {"cpu_limit": 3, "mem_guarantee": "2G"}, Resources(3, 2**31)),
        ({}, {"mem_guarantee": 512}, Resources(0, 512)),
        ({"extra_resource_limits": {GPU: "1"}}, {}, Resources(0, 2**30, {GPU: 1})),
        ({"extra_resource_limits": {GPU: "1"}}, {"extra_resource_limits": {}}, Resources(0, 2**30, {GPU: 1})),
        ({"extra_resource_limits": {GPU: "1"}}, {"extra_resource_limits": {GPU: None}}, Resources(0, 2**30)),
        ({}, {"extra_resource_guarantees": {GPU: 2}}, Resources(0, 2**30, {GPU: 2})),
        ({}, {"cpu_limit": lambda _spawner: 9}, Resources(0, 2**30)),
    ],
)
def test_a_request_is_what_kubernetes_will_count(
    kube: Json, override: Json, resources: Resources, make_spawner: MakeSpawner
) -> None:
    kube = {"mem_guarantee": "1G", **kube}
    assert make_spawner(kube).server_request(override).resources == resources


@pytest.mark.parametrize(
    ("kube", "override"),
    [
        ({"extra_resource_limits": {GPU: "1", "example.com/a": 2}}, {"extra_resource_limits": {GPU: None}}),
        ({"tolerations": [OWN]}, {"tolerations": [PROFILES]}),
        ({"tolerations": {"b": OWN}}, {"tolerations": {"a": PROFILES}}),
        ({"cpu_guarantee": 1}, {"cpu_guarantee": None, "cpu_limit": 3}),
        ({}, {"pool": "zen3", "cpu_target": ZEN3}),
        ({"image": "i:1"}, {"image": "i:2"}),
    ],
)
def test_what_a_profile_will_ask_is_what_it_asks_once_it_is_applied(
    kube: Json, override: Json, make_spawner: MakeSpawner
) -> None:
    spawner = make_spawner(kube, machine_images={"aarch64": "arm:1"})
    before = spawner.server_request(override)
    spawner._apply_overrides(override)
    assert spawner.server_request() == before


def test_a_request_agrees_with_the_pod(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    kube = {"cpu_guarantee": 2, "mem_guarantee": "4G", "extra_resource_limits": {GPU: "1"}}
    spawner = make_spawner(kube, node_pools=POOLS)
    resources = spawner.server_request().resources
    asked = notebook(pod_of(spawner))["resources"]
    assert resources == Resources(asked["requests"]["cpu"], asked["requests"]["memory"], {GPU: 1})
    assert asked["limits"][GPU] == "1"


@pytest.mark.parametrize(
    ("configured", "kube", "machines"),
    [
        ({}, {}, ("x86_64",)),
        ({"image_machines": []}, {}, ()),
        ({"machine_images": {"aarch64": "arm:1"}}, {}, ("x86_64", "aarch64")),
        ({"machine_images": {"aarch64": "arm:1"}}, {"image": "chosen:1"}, ("x86_64",)),
        (
            {"machine_images": {"aarch64": "arm:1"}},
            {"image": "chosen:1", "machine_images": {"aarch64": "chosen-arm:1"}},
            ("x86_64", "aarch64"),
        ),
    ],
)
def test_a_server_runs_where_there_is_an_image_for_it(
    configured: Json, kube: Json, machines: tuple[str, ...], make_spawner: MakeSpawner
) -> None:
    assert make_spawner(**configured).server_request(kube).machines == machines


@pytest.mark.parametrize(
    "override",
    [{"mem_limit": "lots"}, {"cpu_limit": "many"}, {"extra_resource_limits": {GPU: "one"}}, {"cpu_target": "zen4"}],
)
def test_an_amount_that_is_none_is_an_error_of_ours(override: Json, make_spawner: MakeSpawner) -> None:
    with pytest.raises(InvalidChoiceError):
        make_spawner().server_request(override)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"node_pools": [{"name": "zen4", "cpu": "many"}]}, "c.EESSISpawner.node_pools: 'cpu' of pool 'zen4'"),
        ({"node_pools": [{"name": "a"}, {"name": "b"}]}, "has no 'node_selector'"),
        ({"node_label_prefix": "no domain!"}, "c.EESSISpawner.node_label_prefix = 'no domain!'"),
    ],
)
def test_wrong_pools_are_named_when_the_hub_starts(setting: Json, words: str, make_spawner: MakeSpawner) -> None:
    with pytest.raises(TraitError, match=words.replace("'", ".").replace("!", ".")):
        make_spawner(**setting)


def test_without_pools_a_request_changes_nothing(make_spawner: MakeSpawner) -> None:
    assert make_spawner({"mem_guarantee": None}, image_machines=[]).server_request() == Request()


# When the hub starts


def starting(make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, **configured: Any) -> list[str]:
    """Let a hub start, and return the errors that it logs."""
    spawner = make_spawner(**configured)
    groups = SimpleNamespace(query=lambda _table: [])
    errors: list[str] = []

    async def start() -> None:
        fresh = check_traits(type(spawner), spawner)
        fresh.hub_starts(SimpleNamespace(load_groups={}, db=groups, services=[]))
        await asyncio.sleep(0.01)

    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]
    spawner.log.addHandler(handler)
    try:
        loop.run_until_complete(start())
    finally:
        spawner.log.removeHandler(handler)
    return errors


def test_a_hub_that_starts_looks_at_its_pools(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[HubPools] = []

    async def states(self: HubPools, _own: object = None) -> tuple[()]:
        looked.append(self)
        return ()

    monkeypatch.setattr(HubPools, "states", states)
    assert starting(make_spawner, loop, find_node_pools=False) == []
    assert not looked
    assert starting(make_spawner, loop, find_node_pools=True) == []
    assert len(looked) == 1


def test_pools_that_cannot_be_found_do_not_stop_the_hub_and_are_logged(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def states(_self: HubPools, _own: object = None) -> tuple[()]:
        raise RuntimeError("nodes of another kind")

    monkeypatch.setattr(HubPools, "states", states)
    (error,) = starting(make_spawner, loop, find_node_pools=True)
    assert error.startswith("The node pools cannot be found")
