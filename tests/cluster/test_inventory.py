"""The inventory of a real API server: what happens in the cluster is soon known, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.cluster.nodes import node_from_json
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.cluster.watch import ListWatch
from tests.cluster.accounts import service_account
from tests.cluster.hub_client import hub_client
from tests.cluster.pods import FOREVER, wait_until_gone
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import NODES, Cluster
from tests.cluster.testbed.programs import wait_until

Seen = TypeVar("Seen")
LABEL = "cpu.eessi.io/best"
ENDS = ("sh", "-c", "exit 0")


class Watching:
    """An inventory that watches in an event loop of its own, as in a hub."""

    def __init__(self, kubeconfig: Path) -> None:
        self.inventory = Inventory()
        self.requests = 0
        self._kubeconfig = kubeconfig
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()

    async def _watch(self, *, watch_pods: bool) -> None:
        async with hub_client(self._kubeconfig) as api_client:
            call_api = api_client.call_api

            def counted(*args: Any, **kwargs: Any) -> Any:
                self.requests += 1
                return call_api(*args, **kwargs)

            api_client.call_api = counted
            self.inventory.start(api_client, watch_pods=watch_pods)
            await self._ended.wait()
            await self.inventory.stop()

    def see(self, look: Callable[[Inventory], Seen]) -> Seen:
        async def looked() -> Seen:
            return look(self.inventory)

        return asyncio.run_coroutine_threadsafe(looked(), self._loop).result(30)

    def wait_until(self, what: str, holds: Callable[[Inventory], object]) -> None:
        wait_until(what, lambda: self.see(holds))

    @contextlib.contextmanager
    def running(self, *, watch_pods: bool = True) -> Iterator[Watching]:
        thread = threading.Thread(target=self._loop.run_until_complete, args=[self._watch(watch_pods=watch_pods)])
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)
            thread.join()
            self._loop.close()


def all_fresh(inventory: Inventory) -> bool:
    return inventory.nodes_state.kind == inventory.pods_state.kind == "fresh"


@pytest.fixture
def watching(testbed: Cluster, api: Api) -> Iterator[Watching]:  # noqa: ARG001  (its basics)
    with Watching(testbed.kubeconfig).running() as watching:
        watching.wait_until("all is known", all_fresh)
        yield watching


def patch_node(api: Api, name: str, labels: dict[str, str | None] | None = None, **spec: Any) -> None:
    api.core.patch_node(name, {"metadata": {"labels": labels or {}}, "spec": spec})


@contextlib.contextmanager
def pod_with_requests(api: Api, image: str, *command: str, name: str = "takes") -> Iterator[Any]:
    """Make a pod that asks for three quarters of a core, and for one while it begins."""

    def container(name: str, cpu: str, *command: str) -> dict[str, Any]:
        requests = {"requests": {"cpu": cpu, "memory": "16Mi"}}
        return {
            "name": name,
            "image": image,
            "imagePullPolicy": "Never",
            "command": list(command),
            "resources": requests,
        }

    spec = {
        "nodeName": "node-a",
        "terminationGracePeriodSeconds": 0,
        "restartPolicy": "Never",
        "initContainers": [container("first", "1", *ENDS)],
        "containers": [container("main", "250m", *command), container("beside", "500m", *command)],
    }
    api.core.create_namespaced_pod("default", {"metadata": {"name": name}, "spec": spec})
    try:
        yield lambda: api.core.read_namespaced_pod(name, "default")
    finally:
        api.core.delete_namespaced_pod(name, "default")
        wait_until_gone(f"pod {name}", lambda: api.core.read_namespaced_pod(name, "default"))


def used(inventory: Inventory) -> Resources:
    return inventory.used.get("node-a", Resources())


TAKEN = Resources(1, 2**25)


def test_the_nodes_are_those_of_the_cluster_with_what_they_can_give(watching: Watching, api: Api) -> None:
    nodes = watching.see(lambda inventory: dict(inventory.nodes))
    assert nodes.keys() == set(NODES)
    for node in nodes.values():
        assert node.is_open
        assert node.taints == ()
        assert node.labels["kubernetes.io/hostname"] == node.name
        told = api.core.read_node(node.name).status.allocatable
        assert node.allocatable.cpu == float(told["cpu"])
        assert node.allocatable.memory == 1024 * float(told["memory"].removesuffix("Ki"))


def test_a_label_is_seen_to_come_and_to_go(watching: Watching, api: Api) -> None:
    patch_node(api, "node-a", {LABEL: "x86_64.amd.zen3"})
    watching.wait_until("the label is there", lambda seen: seen.nodes["node-a"].labels.get(LABEL) == "x86_64.amd.zen3")
    patch_node(api, "node-a", {LABEL: None})
    watching.wait_until("the label is gone", lambda seen: LABEL not in seen.nodes["node-a"].labels)


def test_a_cordon_is_seen_and_is_no_taint_of_the_node(watching: Watching, api: Api) -> None:
    patch_node(api, "node-b", unschedulable=True)
    watching.wait_until("it is cordoned", lambda seen: seen.nodes["node-b"].is_cordoned)
    wait_until("Kubernetes has tainted it too", lambda: api.core.read_node("node-b").spec.taints)
    assert watching.see(lambda seen: (seen.nodes["node-b"].taints, seen.nodes["node-b"].is_open)) == ((), False)
    patch_node(api, "node-b", unschedulable=None)
    watching.wait_until("it is open again", lambda seen: seen.nodes["node-b"].is_open)


def test_a_heartbeat_is_no_change(watching: Watching, api: Api) -> None:
    version = watching.see(lambda seen: seen.version)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    condition = {"type": "MemoryPressure", "status": "False", "lastHeartbeatTime": now, "reason": "Told", "message": ""}
    patched = api.core.patch_node_status("node-a", {"status": {"conditions": [condition]}})
    heard = patched.metadata.resource_version
    watch = watching.inventory._node_watch
    assert watch is not None
    wait_until("it has heard", lambda: int(watch._version) >= int(heard))
    assert watching.see(lambda seen: seen.version) == version


def test_a_pods_room_is_taken_and_freed_when_it_goes(watching: Watching, api: Api, busybox: str) -> None:
    before = watching.see(used)
    with pod_with_requests(api, busybox, *FOREVER):
        watching.wait_until("its room is taken", lambda seen: used(seen) == before + TAKEN)
    watching.wait_until("its room is free", lambda seen: used(seen) == before)


def test_a_pods_room_is_freed_when_it_has_run_to_its_end(watching: Watching, api: Api, busybox: str) -> None:
    before = watching.see(used)
    with pod_with_requests(api, busybox, *ENDS) as read:
        wait_until("it has ended", lambda: read().status.phase == "Succeeded")
        watching.wait_until("its room is free", lambda seen: used(seen) == before)


def test_an_api_server_that_comes_back_is_watched_on(
    watching: Watching, testbed: Cluster, api: Api, busybox: str
) -> None:
    before = watching.see(used)
    testbed.stop_api_server()
    watching.wait_until("it says so", lambda seen: seen.nodes_state.kind == seen.pods_state.kind == "stale")
    watching.wait_until("it says why", lambda seen: "Cannot connect" in seen.nodes_state.reason)
    assert watching.see(lambda seen: (set(seen.nodes), seen.pods_known)) == (set(NODES), True), "what was known stays"
    testbed.start_api_server()
    watching.wait_until("it watches again", all_fresh)
    with pod_with_requests(api, busybox, *FOREVER):
        watching.wait_until("a pod is seen", lambda seen: used(seen) == before + TAKEN)


def test_a_version_that_the_api_server_has_forgotten_leads_to_a_list(
    testbed: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    async def names_after(version: str) -> list[str]:
        listed: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        async with hub_client(testbed.kubeconfig) as api_client:
            watch = ListWatch(
                api_client,
                "/api/v1/nodes",
                lambda data: node_from_json(data).name,
                listed.set_result,
                lambda _kind, _name: None,
                logging.getLogger("watched"),
            )
            watch._version = version
            task = asyncio.create_task(watch.run())
            try:
                return await asyncio.wait_for(listed, 60)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    assert sorted(asyncio.run(names_after("1"))) == sorted(NODES)
    assert "too old resource version: 1 (" in caplog.text


def test_without_rights_it_says_so_and_asks_seldom(testbed: Cluster, api: Api, tmp_path: Path) -> None:
    with (
        service_account(testbed, api, "without-rights", tmp_path) as kubeconfig,
        Watching(kubeconfig).running() as watching,
    ):
        watching.wait_until("both are refused", lambda seen: seen.nodes_state.kind == seen.pods_state.kind == "refused")
        reason = watching.see(lambda seen: seen.nodes_state.reason)
        assert "without-rights" in reason
        assert 'cannot list resource "nodes"' in reason
        assert not watching.see(lambda seen: seen.pods_known)
        time.sleep(5)
        # At most after 0, 1 and 3 seconds, for nodes and for pods.
        assert watching.requests <= 6


def test_with_the_right_to_nodes_alone_it_counts_what_the_hub_brings(
    testbed: Cluster, api: Api, busybox: str, tmp_path: Path
) -> None:
    with (
        service_account(testbed, api, "nodes-alone", tmp_path, "nodes") as kubeconfig,
        Watching(kubeconfig).running() as watching,
        pod_with_requests(api, busybox, *FOREVER),
    ):
        watching.wait_until("nodes are known", lambda seen: seen.nodes_state.kind == "fresh")
        watching.wait_until("pods are refused", lambda seen: seen.pods_state.kind == "refused")
        assert watching.see(lambda seen: set(seen.nodes)) == set(NODES)
        listed = api.core.list_namespaced_pod("default", _preload_content=False)
        own = json.loads(listed.data)["items"]
        watching.see(lambda seen: seen.use_own(own))
        assert watching.see(used) == TAKEN


def test_where_pods_are_not_to_be_read_nobody_asks_for_them(testbed: Cluster) -> None:
    with Watching(testbed.kubeconfig).running(watch_pods=False) as watching:
        watching.wait_until("nodes are known", lambda seen: seen.nodes_state.kind == "fresh")
        assert watching.see(lambda seen: (seen.pods_state.kind, seen.pods_known)) == ("off", False)
        assert watching.requests == 2
