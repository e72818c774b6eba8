"""`eessi-spawner doctor attach` on real nodes: the driver's way comes first, and why not where it is not so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.cli.main import main
from tests.cluster.accounts import service_account
from tests.cluster.claims import static_claim
from tests.cluster.testbed.api import DRIVER, Api
from tests.cluster.testbed.cluster import Cluster

Told = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def claim(api: Api) -> Iterator[str]:
    with static_claim(api.core, "cvmfs") as name:
        yield name


def told(capfd: pytest.CaptureFixture[str], kubeconfig: Path, *options: str, code: int | None = 0) -> tuple[str, Told]:
    """Return the code of the way that comes first, and all by their codes."""
    capfd.readouterr()
    ended = main(["doctor", "attach", "--json", "--kubeconfig", str(kubeconfig), *options])
    ways = json.loads(capfd.readouterr().out)["attach"]["ways"]
    assert ended == (code if code is not None else int(all(way["state"] != "works" for way in ways)))
    return ways[0]["code"], {way["code"]: way for way in ways}


def test_a_claim_of_the_driver_comes_first(api: Api, claim: str, capfd: pytest.CaptureFixture[str]) -> None:
    first, ways = told(capfd, api.kubeconfig)
    assert first == "csi"
    assert ways["csi"]["state"] == "works"
    assert ways["csi"]["reason"] == f"cvmfs-csi runs on 2 nodes; claim {claim} is bound."
    assert ways["csi"]["eessi_attach"] == {"way": "csi", "claim": claim}


@pytest.mark.usefixtures("claim")
def test_a_class_of_the_driver_gives_each_pod_a_volume(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    assert told(capfd, api.kubeconfig)[1]["ephemeral"]["state"] == "needs"
    api.storage.create_storage_class({"metadata": {"name": "of-doctor"}, "provisioner": DRIVER})
    try:
        _, ways = told(capfd, api.kubeconfig)
    finally:
        api.storage.delete_storage_class("of-doctor")
    assert ways["ephemeral"]["eessi_attach"] == {"way": "ephemeral", "storage_class": "of-doctor"}


@pytest.mark.usefixtures("claim")
def test_nodes_that_lose_the_driver_are_named_and_without_it_none_of_its_ways_works(
    testbed: Cluster, api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    nodes = [testbed.node("node-b"), testbed.node("node-a")]
    try:
        nodes[0].stop_driver()
        api.wait_for_drivers({"node-a"})
        _, ways = told(capfd, api.kubeconfig)
        assert ways["csi"]["reason"].startswith("cvmfs-csi runs on 1 node, but not on node-b")
        nodes[1].stop_driver()
        api.wait_for_drivers(())
        # Other tests' volumes may be there, of ways that need no driver.
        first, ways = told(capfd, api.kubeconfig, code=None)
    finally:
        for node in nodes:
            node.start_driver()
        api.wait_for_drivers({"node-a", "node-b"})
    assert first != "csi"
    assert [ways[code]["state"] for code in ("csi", "ephemeral", "csi_repository")] == ["no"] * 3
    assert "its node plugin does not run" in ways["csi"]["reason"]


@pytest.mark.usefixtures("claim")
def test_without_rights_nothing_is_known_and_nothing_is_impossible(
    testbed: Cluster, api: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with service_account(testbed, api, "doctor-nothing", tmp_path) as kubeconfig:
        _, ways = told(capfd, kubeconfig, code=1)
        assert {way["state"] for way in ways.values()} == {"unknown"}
        assert main(["doctor", "attach", "--kubeconfig", str(kubeconfig)]) == 1
    assert 'not seen: csinodes: csinodes.storage.k8s.io is forbidden: User "system:serviceaccount:' in (
        capfd.readouterr().out
    )


def test_pod_security_of_the_namespace_rules_ways_out(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.core.create_namespace({"metadata": {"name": "doctor-strict", "labels": labels}})
    try:
        _, ways = told(capfd, api.kubeconfig, "--namespace", "doctor-strict", code=1)
    finally:
        api.core.delete_namespace("doctor-strict")
    assert {code for code, way in ways.items() if way["state"] == "no"} == {"nfs", "host_path", "fuse", "fuse_device"}
    assert ways["csi"]["state"] == "needs"
