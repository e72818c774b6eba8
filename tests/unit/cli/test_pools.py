"""`eessi-spawner pools` where there is no cluster, and one that refuses; real nodes are in tests/cluster."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from eessi_spawner.cli.main import main
from eessi_spawner.cli.pools import lines
from eessi_spawner.placement.pool import NodePool, PoolState
from eessi_spawner.spawner.pools_report import PoolReport, PoolsReport
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.unit.cli.rendered import EESSI

POOLS = """
print("noise of the configuration")
c.EESSISpawner.node_pools = [
    {"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}, "max_nodes": 8},
    {"name": "gpu", "accelerators": ["nvidia/cc80"], "node_selector": {"pool": "gpu"}, "allowed_groups": ["staff"]},
]
"""
FIND = "c.EESSISpawner.find_node_pools = True\n"
FORBIDDEN = 'nodes is forbidden: User "hub" cannot list resource "nodes"'

Config = Callable[[str], str]


class Refusal(BaseHTTPRequestHandler):
    """Refuses as an API server does."""

    def do_GET(self) -> None:
        body = json.dumps({"kind": "Status", "code": 403, "message": FORBIDDEN}).encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[str]:
    """Return a kubeconfig of a cluster that refuses everything."""
    with HTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever).start()
        yield kubeconfig_of(tmp_path, server.server_port)
        server.shutdown()


def kubeconfig_of(folder: Path, port: int) -> str:
    file = folder / "kubeconfig"
    cluster = {"name": "one", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "one", "context": {"cluster": "one", "user": "one"}}
    users = [{"name": "one", "user": {"token": "x"}}]
    config = {"clusters": [cluster], "contexts": [context], "users": users, "current-context": "one"}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    return str(file)


def test_declared_pools_are_shown_and_no_cluster_is_asked(
    config: Config, capfd: pytest.CaptureFixture[str], no_cluster_and_no_network: list[object]
) -> None:
    assert main(["pools", "--config", config(EESSI + POOLS)]) == 0
    printed, said = capfd.readouterr()
    assert not no_cluster_and_no_network
    assert said == "noise of the configuration\n"
    heading, zen4, *_ = printed.splitlines()
    assert heading.split() == ["POOL", "FROM", "CPU", "TARGET", "GPUS", "NODES", "SIZE", "FREE", "GROUPS"]
    assert zen4.split("  ")[0] == "zen4"
    assert "zen4. Can grow to 8 nodes\n  2025.06  zen4 builds\n" in printed
    assert "Groups named: staff; JupyterHub knows which exist." in printed
    assert "c.EESSISpawner.find_node_pools is False" in printed


def test_its_json_is_all_that_goes_to_standard_output(config: Config, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["pools", "--config", config(EESSI + POOLS), "--json"]) == 0
    read = json.loads(capfd.readouterr().out)
    assert [pool["name"] for pool in read["pools"]] == ["zen4", "gpu"]
    assert read["groups"] == {"staff": ["pool gpu"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('c.EESSISpawner.node_pools = [{"name": "a", "cpu_target": "x86_64/amd/zen9"}]', "'x86_64/amd/zen9'"),
        ('c.JupyterHub.spawner_class = "simple"', "EESSISpawner or a subclass of it was expected"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_sentence(
    text: str, words: str, config: Config, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["pools", "--config", config(EESSI + text)]) == 2
    printed, said = capfd.readouterr()
    assert printed == ""
    assert words in said
    assert "Traceback" not in said


def test_without_a_way_into_a_cluster_declared_pools_are_shown_with_a_warning(
    config: Config, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["pools", "--config", config(EESSI + POOLS + FIND)]) == 1
    printed, _ = capfd.readouterr()
    assert "warning: Nodes cannot be read. No way into a cluster was found" in printed
    assert "  2025.06  zen4 builds\n" in printed


@pytest.mark.parametrize("declared", [0, 2])
def test_a_missing_right_is_one_sentence_with_the_clusters_words(
    declared: int, refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    file = tmp_path / "hub.py"
    file.write_text(EESSI + POOLS)
    options = ["--config", str(file)] if declared else []
    assert main(["pools", "--kubeconfig", refusing, "--json", *options]) == 1
    read = json.loads(capfd.readouterr().out)
    assert read["warnings"] == [f"Nodes cannot be read: {FORBIDDEN}. Grant the right to list and watch them."]
    assert len(read["pools"]) == declared


def test_an_api_server_that_is_away_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), Refusal) as server:
        port = server.server_port
    assert main(["pools", "--kubeconfig", kubeconfig_of(tmp_path, port)]) == 1
    assert "warning: Nodes cannot be read: Cannot connect to host" in capfd.readouterr().out


def test_the_table_says_what_is_closed_and_what_nobody_counts() -> None:
    state = PoolState(NodePool("zen3", CpuTarget("x86_64/amd/zen3")), closed=1)
    _, row, *_ = lines(PoolsReport((PoolReport(state, open_nodes=2),)))
    cells = ["zen3", "found", "x86_64/amd/zen3", "-", "2, 1 closed", "-", "not counted", "everybody"]
    assert re.split("  +", row) == cells
