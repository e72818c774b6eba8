"""Whatever happens in whatever order, the inventory is what a recount of the cluster gives."""

from __future__ import annotations

from collections.abc import Mapping
from logging import getLogger
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from eessi_spawner.cluster.inventory import Inventory, _parse_pod
from eessi_spawner.cluster.nodes import node_from_json
from eessi_spawner.cluster.pods import pod_use_from_json
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.cluster.watch import ListWatch, WatchState

Json = dict[str, Any]

NODES = ("a", "b", "c")


def pod(uid: str, node: str = "a", cpu: str = "1", phase: str = "Running") -> Json:
    bound = {"nodeName": node} if node else {}
    spec = {**bound, "containers": [{"resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}]}
    return {"metadata": {"uid": uid, "resourceVersion": "1"}, "spec": spec, "status": {"phase": phase}}


def node(name: str, labels: Mapping[str, str] | None = None, *, heartbeat: int = 0, cordoned: bool = False) -> Json:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/arch": "amd64", **(labels or {})}},
        "spec": {"unschedulable": True} if cordoned else {},
        "status": {
            "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": f"2026-01-01T00:00:{heartbeat}Z"}],
        },
    }


def listed(pods: list[Json]) -> list[Any]:
    return [_parse_pod(data) for data in pods]


uids = st.integers(0, 9).map(str)
pods_of_a_cluster = st.builds(
    pod,
    uids,
    st.sampled_from((*NODES, "")),
    st.sampled_from(["100m", "250m", "1", "1.7"]),
    st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]),
)
nodes_of_a_cluster = st.builds(
    node,
    st.sampled_from(NODES),
    st.dictionaries(st.sampled_from(["cpu.eessi.io/best", "pool"]), st.sampled_from("xy")),
    heartbeat=st.integers(10, 59),
    cordoned=st.booleans(),
)


class AnyOrder(RuleBasedStateMachine):
    """A cluster beside an inventory that is told of it by events and by lists, of which some say what is known."""

    def __init__(self) -> None:
        super().__init__()
        self.inventory = Inventory()
        self.pods: dict[str, Json] = {}
        self.nodes: dict[str, Json] = {}
        self.seen = self.contents()
        self.version = 0

    @rule(data=pods_of_a_cluster, kind=st.sampled_from(["ADDED", "MODIFIED"]))
    def a_pod_comes_or_changes(self, data: Json, kind: str) -> None:
        self.pods[data["metadata"]["uid"]] = data
        self.inventory._set_pod(kind, _parse_pod(data))

    @rule(uid=uids)
    def a_pod_goes(self, uid: str) -> None:
        self.inventory._set_pod("DELETED", _parse_pod(self.pods.pop(uid, pod(uid))))

    @rule(data=nodes_of_a_cluster, kind=st.sampled_from(["ADDED", "MODIFIED"]))
    def a_node_comes_or_changes(self, data: Json, kind: str) -> None:
        self.nodes[data["metadata"]["name"]] = data
        self.inventory._set_node(kind, node_from_json(data))

    @rule(name=st.sampled_from(NODES))
    def a_node_goes(self, name: str) -> None:
        self.inventory._set_node("DELETED", node_from_json(self.nodes.pop(name, node(name))))

    @rule(missed=st.lists(pods_of_a_cluster), lost=st.sets(uids))
    def pods_are_listed_after_a_gap(self, missed: list[Json], lost: set[str]) -> None:
        self.pods = {uid: data for uid, data in self.pods.items() if uid not in lost}
        self.pods |= {data["metadata"]["uid"]: data for data in missed}
        self.inventory._set_pods(listed(list(self.pods.values())))

    @rule(missed=st.lists(nodes_of_a_cluster), lost=st.sets(st.sampled_from(NODES)))
    def nodes_are_listed_after_a_gap(self, missed: list[Json], lost: set[str]) -> None:
        self.nodes = {name: data for name, data in self.nodes.items() if name not in lost}
        self.nodes |= {data["metadata"]["name"]: data for data in missed}
        self.inventory._set_nodes([node_from_json(data) for data in self.nodes.values()])

    @invariant()
    def the_inventory_is_a_recount(self) -> None:
        assert self.inventory.nodes == {name: node_from_json(data) for name, data in self.nodes.items()}
        counted: dict[str, Resources] = {}
        for data in self.pods.values():
            if use := pod_use_from_json(data):
                counted[use.node] = counted.get(use.node, Resources()) + use.request
        assert self.inventory.used.keys() == counted.keys()
        for name, used in self.inventory.used.items():
            # Sums of tenths differ by their order, in the last digit.
            assert used.fits_in(counted[name])
            assert counted[name].fits_in(used)

    @invariant()
    def the_version_grows_if_and_only_if_something_has_changed(self) -> None:
        contents = self.contents()
        assert (self.inventory.version > self.version) == (contents != self.seen)
        self.seen, self.version = contents, self.inventory.version

    def contents(self) -> tuple[object, object]:
        return dict(self.inventory.nodes), {
            use.uid: use for data in self.pods.values() if (use := pod_use_from_json(data)) is not None
        }


TestAnyOrder = AnyOrder.TestCase


def test_a_heartbeat_of_a_node_changes_nothing() -> None:
    inventory = Inventory()
    inventory._set_nodes([node_from_json(node("a"))])
    before, version = inventory.nodes["a"], inventory.version
    inventory._set_node("MODIFIED", node_from_json(node("a", heartbeat=30)))
    assert inventory.nodes["a"] is before
    assert inventory.version == version


def test_a_node_whose_pods_have_all_gone_is_free_to_the_last_bit() -> None:
    inventory = Inventory()
    amounts = ["0.1", "0.2", "0.7"]
    for number, cpu in enumerate(amounts):
        inventory._set_pod("ADDED", _parse_pod(pod(str(number), cpu=cpu)))
    for number in range(len(amounts)):
        inventory._set_pod("DELETED", _parse_pod(pod(str(number))))
    assert inventory.used == {}


def test_without_the_right_to_read_pods_the_hubs_own_are_counted() -> None:
    inventory = Inventory()
    inventory.use_own([pod("1", cpu="2"), pod("2", "b"), pod("3", node="")])
    assert not inventory.pods_known
    assert inventory.used == {"a": Resources(2, 2**30), "b": Resources(1, 2**30)}
    version = inventory.version
    inventory.use_own([pod("1", cpu="2"), pod("2", "b")])
    assert inventory.version == version, "nothing has changed"
    inventory.use_own([pod("2", "b")])
    assert inventory.used == {"b": Resources(1, 2**30)}


def test_where_all_pods_are_known_the_hubs_own_do_not_replace_them() -> None:
    inventory = Inventory()
    watch = ListWatch(None, "/api/v1/pods", _parse_pod, inventory._set_pods, inventory._set_pod, getLogger("watched"))
    inventory._pod_watch = watch
    watch.on_list(listed([pod("1", cpu="2"), pod("2", "b")]))
    watch.state = WatchState("stale", 1.0, "the API server is away")
    inventory.use_own([pod("1", cpu="2")])
    assert inventory.pods_known
    assert inventory.used.keys() == {"a", "b"}
