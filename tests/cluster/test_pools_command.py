"""`eessi-spawner pools` on real nodes: what it finds by their labels, and what it says without the rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.cli.main import main
from eessi_spawner.placement.labels import Labels
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.cluster.accounts import service_account
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster

TARGETS = {"node-a": CpuTarget("x86_64/amd/zen4"), "node-b": CpuTarget("x86_64/intel/icelake")}
HUB = """
c.JupyterHub.spawner_class = "eessi"
c.EESSISpawner.find_node_pools = True
c.EESSISpawner.cpu_guarantee = 0.1
c.EESSISpawner.node_pools = [
    {"name": "later", "cpu_target": "x86_64/amd/zen3", "node_selector": {"pool": "later"}, "max_nodes": 2},
]
"""


@pytest.fixture(autouse=True)
def labelled(api: Api) -> Iterator[None]:
    """Let the two nodes be of different CPUs."""
    wanted = {node: Labels().labels_of(target.fallback_chain) for node, target in TARGETS.items()}
    for node, labels in wanted.items():
        words = [f"{key}={value}" for key, value in labels.items()]
        assert api.kubectl("label", "node", node, *words, "--overwrite").returncode == 0
    yield
    for node, labels in wanted.items():
        api.core.patch_node(node, {"metadata": {"labels": dict.fromkeys(labels)}, "spec": {"unschedulable": None}})


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "jupyterhub_config.py"
    file.write_text(HUB)
    return str(file)


def told(capfd: pytest.CaptureFixture[str], code: int, *arguments: str) -> dict[str, Any]:
    capfd.readouterr()
    assert main(["pools", "--json", *arguments]) == code
    read: dict[str, Any] = json.loads(capfd.readouterr().out)
    return read


def test_two_kinds_of_nodes_are_two_pools_with_their_room_and_builds(
    api: Api, config: str, capfd: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for options in (["--config", config], []):
        read = told(capfd, 0, "--kubeconfig", str(api.kubeconfig), *options)
        found = {pool["name"]: pool for pool in read["pools"] if not pool["declared"]}
        assert {pool["cpu_target"] for pool in found.values()} == {target.path for target in TARGETS.values()}
        for pool in found.values():
            assert (pool["open_nodes"], pool["closed_nodes"], pool["free_nodes"]) == (1, 0, 1)
            assert pool["releases"]["2025.06"]["verdict"] == "works"
        assert [pool["name"] for pool in read["pools"] if pool["declared"]] == (["later"] if options else [])
    cpu = float(api.core.read_node("node-a").status.allocatable["cpu"])
    assert [size["cpu"] for size in found["zen4"]["node_sizes"]] == [cpu]


def test_a_cordoned_node_is_closed_and_its_pool_named(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    assert api.kubectl("cordon", "node-b").returncode == 0
    read = told(capfd, 1, "--kubeconfig", str(api.kubeconfig))
    (pool,) = [pool for pool in read["pools"] if pool["cpu_target"] == TARGETS["node-b"].path]
    assert (pool["open_nodes"], pool["closed_nodes"], pool["free_nodes"]) == (0, 1, 0)
    assert read["warnings"] == [f"Every node of pool '{pool['name']}' is closed to new pods: cordoned, or not ready."]


def test_a_missing_right_to_nodes_is_one_sentence_and_declared_pools_stay(
    testbed: Cluster, api: Api, config: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with service_account(testbed, api, "pools-nothing", tmp_path) as kubeconfig:
        read = told(capfd, 1, "--kubeconfig", str(kubeconfig), "--config", config)
    (warning,) = read["warnings"]
    assert 'cannot list resource "nodes"' in warning
    assert warning.endswith("Grant the right to list and watch them.")
    assert [pool["name"] for pool in read["pools"]] == ["later"]


def test_with_the_right_to_nodes_alone_room_is_not_counted(
    testbed: Cluster, api: Api, config: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with service_account(testbed, api, "pools-nodes", tmp_path, "nodes") as kubeconfig:
        read = told(capfd, 1, "--kubeconfig", str(kubeconfig), "--config", config)
    (warning,) = read["warnings"]
    assert 'cannot list resource "pods"' in warning
    found = [pool for pool in read["pools"] if not pool["declared"]]
    assert [(pool["open_nodes"], pool["free_nodes"]) for pool in found] == [(1, None), (1, None)]
