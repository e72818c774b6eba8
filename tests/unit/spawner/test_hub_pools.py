"""The hub's pools follow what is known of nodes: made anew when that changes, and never waited for twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.cluster.watch import WatchState
from eessi_spawner.spawner import hub_pools as module
from eessi_spawner.spawner.hub_pools import HubPools, hub_pools
from tests.unit.hasty_loop import HastyLoop
from tests.unit.spawner.watched import Json, a_node, a_pod, filled, let_state_be, pools_over

ZEN4: Json = {"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}}


@pytest.fixture
def hasty() -> Iterator[HastyLoop]:
    loop = HastyLoop()
    yield loop
    loop.close()


def run(loop: asyncio.AbstractEventLoop, work: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await work

    return loop.run_until_complete(wait())


def a_second_later(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(1))


def cpus_free(loop: asyncio.AbstractEventLoop, pools: HubPools, own: list[Json] | None = None) -> list[float]:
    (state,) = run(loop, pools.states(own))
    assert state.rooms is not None
    return [room.cpu for room in state.rooms]


def test_without_a_watch_the_declared_pools_are_all_that_is_known(hasty: HastyLoop) -> None:
    pools = pools_over(None, [ZEN4])
    (state,) = run(hasty, pools.states())
    assert (state.pool.name, state.rooms, pools.trouble, pools.counts_own) == ("zen4", None, "", False)
    assert run(hasty, pools_over(None).states()) == ()


def test_pools_are_made_anew_only_when_something_has_changed(hasty: HastyLoop) -> None:
    inventory = filled([a_node("n1", pool="zen4")])
    pools = pools_over(inventory, [ZEN4])
    first = run(hasty, pools.states())
    inventory._set_nodes([a_node("n1", pool="zen4")])
    a_second_later(hasty)
    assert run(hasty, pools.states()) is first
    inventory._set_nodes([a_node("n1", pool="zen4"), a_node("n2", pool="zen4")])
    a_second_later(hasty)
    assert cpus_free(hasty, pools) == [8, 8]


def test_a_cluster_that_always_changes_is_looked_at_once_a_second(hasty: HastyLoop) -> None:
    inventory = filled([a_node("n1", pool="zen4")])
    pools = pools_over(inventory, [ZEN4])
    first = run(hasty, pools.states())
    inventory._set_nodes([a_node("n1", pool="zen4"), a_node("n2", pool="zen4")])
    assert run(hasty, pools.states()) is first
    a_second_later(hasty)
    assert run(hasty, pools.states()) is not first


def test_when_all_nodes_have_gone_none_is_free(hasty: HastyLoop) -> None:
    inventory = filled([a_node("n1", pool="zen4")])
    pools = pools_over(inventory, [ZEN4])
    assert cpus_free(hasty, pools) == [8]
    inventory._set_nodes([])
    a_second_later(hasty)
    assert cpus_free(hasty, pools) == []


@pytest.mark.parametrize("kind", ["refused", "waiting", "off"])
def test_before_nodes_are_known_nobody_says_what_is_free(kind: Any, hasty: HastyLoop) -> None:
    inventory = Inventory()
    let_state_be(inventory, nodes=WatchState(kind, 0, "no right to list nodes"))
    pools = pools_over(inventory, [ZEN4])
    (state,) = run(hasty, pools.states([a_pod("p", "n1")]))
    assert state.rooms is None
    assert pools.trouble == f"{kind}: no right to list nodes"


def test_what_was_known_of_nodes_stays_when_they_cannot_be_asked_about(hasty: HastyLoop) -> None:
    inventory = filled([a_node("n1", pool="zen4")])
    pools = pools_over(inventory, [ZEN4])
    assert pools.trouble == ""
    let_state_be(inventory, nodes=WatchState("stale", 1767225600, "connection refused"))
    assert cpus_free(hasty, pools) == [8]
    assert pools.trouble == "stale since 2026-01-01 00:00:00Z: connection refused"


def test_a_warning_is_logged_once(hasty: HastyLoop, caplog: pytest.LogCaptureFixture) -> None:
    inventory = filled([a_node("n1")])
    pools = pools_over(inventory, [ZEN4])
    run(hasty, pools.states())
    inventory._set_nodes([a_node("n1"), a_node("n2", pool="zen4")])
    a_second_later(hasty)
    run(hasty, pools.states())
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "Node pools: 1 node reports no CPU target: n1. Install the labels with 'eessi-spawner labels'."
    ]


def test_the_hubs_own_pods_are_counted_where_those_of_others_may_not_be_read(hasty: HastyLoop) -> None:
    pools = pools_over(filled([a_node("n1", pool="zen4")], pods=None), [ZEN4])
    assert pools.counts_own
    assert cpus_free(hasty, pools, [a_pod("p", "n1", cpu="3")]) == [5]
    assert cpus_free(hasty, pools, None) == [5], "not known is not none"


def test_the_hubs_own_pods_are_counted_once_a_second(hasty: HastyLoop) -> None:
    pools = pools_over(filled([a_node("n1", pool="zen4")], pods=None), [ZEN4])
    assert cpus_free(hasty, pools, [a_pod("p", "n1")]) == [7]
    assert cpus_free(hasty, pools, []) == [7]
    a_second_later(hasty)
    assert cpus_free(hasty, pools, []) == [8]


def test_the_hubs_own_pods_do_not_count_twice(hasty: HastyLoop) -> None:
    pools = pools_over(filled([a_node("n1", pool="zen4")], [a_pod("p", "n1")]), [ZEN4])
    assert not pools.counts_own
    assert cpus_free(hasty, pools, [a_pod("p", "n1"), a_pod("q", "n1")]) == [7]


def test_the_first_list_is_waited_for_five_seconds_once(hasty: HastyLoop) -> None:
    inventory = Inventory()
    let_state_be(inventory, nodes=WatchState("waiting"))
    pools = pools_over(inventory, [ZEN4])
    waited = []
    for _ in range(2):
        began = hasty.time()
        run(hasty, pools.states())
        waited.append(hasty.time() - began)
    assert waited == [pytest.approx(5, abs=0.1), pytest.approx(0, abs=0.01)]


def test_the_first_list_is_not_waited_for_once_it_is_there(hasty: HastyLoop) -> None:
    inventory = Inventory()
    let_state_be(inventory, nodes=WatchState("waiting"))
    pools = pools_over(inventory, [ZEN4])

    async def ask() -> Any:
        asking = asyncio.ensure_future(pools.states())
        await asyncio.sleep(1)
        inventory._set_nodes([a_node("n1", pool="zen4")])
        let_state_be(inventory, nodes=WatchState("fresh"))
        return await asking

    began = hasty.time()
    (state,) = hasty.run_until_complete(ask())
    assert len(state.rooms) == 1
    assert hasty.time() - began == pytest.approx(1, abs=0.1)


def ask_for(loop: asyncio.AbstractEventLoop, **more: Any) -> HubPools:
    settings: dict[str, Any] = {
        "prefix": "eessi.io",
        "group_label": "",
        "tolerations": [],
        "api_client": None,
        "count_pods": True,
        "log": logging.getLogger(__name__),
        **more,
    }

    async def ask() -> HubPools:
        return hub_pools([ZEN4], **settings)

    found: HubPools = run(loop, ask())
    return found


def test_spawners_that_are_configured_alike_share_their_pools(hasty: HastyLoop) -> None:
    assert ask_for(hasty) is ask_for(hasty)
    assert ask_for(hasty, prefix="example.org") is not ask_for(hasty)


def test_all_configurations_of_a_hub_share_one_watch(hasty: HastyLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(Inventory, "start", lambda _self, _client, watch_pods: started.append(watch_pods))
    for number in range(3):
        ask_for(hasty, api_client=object(), tolerations=[{"key": str(number)}], count_pods=False)
    assert started == [False]


def test_tolerations_of_each_user_do_not_fill_the_hubs_memory(
    hasty: HastyLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    first, second, third = (ask_for(hasty, tolerations=[{"key": str(number)}]) for number in range(3))
    assert ask_for(hasty, tolerations=[{"key": "1"}]) is second
    assert ask_for(hasty, tolerations=[{"key": "2"}]) is third
    assert ask_for(hasty, tolerations=[{"key": "0"}]) is not first
