"""What dies and heals while servers run: the repository's client, the NFS server, the API server, the hub."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.demo.hub import free_port
from tests.cluster.spawns.hubs import Person, hub_on
from tests.cluster.spawns.places import Place
from tests.cluster.spawns.test_trouble import ON_NODE_B, Spawn
from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.nfs import NFSServer
from tests.cluster.testbed.programs import wait_until

StartHub = Callable[..., Person]
REPOSITORY = "software.eessi.io"


def eessi_kernel(person: Person) -> str:
    (name,) = person.kernels().values()
    return person.start_kernel(name)


def test_a_dead_repository_is_explained_stays_dead_while_held_and_heals_for_new_kernels(
    person_on: StartHub, stocked: Cluster
) -> None:
    person = person_on("restricted", **ON_NODE_B)
    person.choose("scipy")
    kernel = eessi_kernel(person)
    assert person.run(kernel, "import numpy").status == "ok"
    node = stocked.node("node-b")
    node.start_reconciler(period=1)
    try:
        node.kill_client(REPOSITORY)
        assert person.run(kernel, "import numpy.testing").status == "error"
        explained = person.run(eessi_kernel(person), "1 + 1")
        assert "has died" in explained.html + explained.text
        assert "Shut down all EESSI kernels" in explained.html + explained.text
        wait_until("the dead mount is held", lambda: "target is busy" in node.log("reconciler"))
        for running in person.running_kernels():
            person.end_kernel(running)
        wait_until("a new kernel runs", lambda: person.run(eessi_kernel(person), "import numpy.testing").status == "ok")
    finally:
        node.start_reconciler()


def test_a_repository_that_hangs_is_not_noticed_by_the_hub_and_by_people_elsewhere(
    start_hub: Callable[..., Any], stocked: Cluster
) -> None:
    nodes = {name: {"node_selector": {"kubernetes.io/hostname": name}} for name in ("node-a", "node-b")}
    profiles = [{"display_name": name, "slug": name, "kubespawner_override": nodes[name]} for name in nodes]
    hub = start_hub("restricted", profile_list=profiles)
    person, elsewhere = Person(hub, "on-the-node-that-hangs"), Person(hub, "elsewhere")
    person.ask({"profile": "node-b"})
    assert "Server ready" in person.told()[-1]
    assert person.run(eessi_kernel(person), "import numpy").status == "ok"
    node = stocked.node("node-b")
    node.run(["pkill", "-STOP", "-f", f"squashfuse.* /cvmfs/{REPOSITORY}"])
    try:
        kernel = eessi_kernel(person)
        began = time.monotonic()
        for _ in range(5):
            assert person.visitor.request("hub/home").status == 200
        assert time.monotonic() - began < 10
        elsewhere.ask({"profile": "node-a"})
        assert "Server ready" in elsewhere.told()[-1]
        assert elsewhere.run(eessi_kernel(elsewhere), "import numpy").status == "ok"
        explained = person.run(kernel, "1 + 1", seconds=90)
        assert "did not answer within" in explained.html + explained.text
    finally:
        node.run(["pkill", "-CONT", "-f", f"squashfuse.* /cvmfs/{REPOSITORY}"])


def test_a_kernel_waits_while_the_nfs_server_is_away_and_goes_on_when_it_is_back(
    person_on: StartHub, nfs_server: NFSServer, nfs_service: str
) -> None:
    person = person_on("baseline", eessi_attach={"way": "nfs", "server": nfs_service, "path": "/cvmfs"})
    person.choose("scipy")
    kernel = eessi_kernel(person)
    assert person.run(kernel, "import numpy").status == "ok"
    nfs_server.restart()
    assert person.run(kernel, "import numpy.testing", seconds=120).status == "ok"


def test_an_api_server_that_restarts_during_a_spawn_costs_no_more_than_time(
    person_on: StartHub, stocked: Cluster
) -> None:
    spawn = Spawn(person_on("restricted"))
    stocked.restart_api_server()
    assert "Server ready" in spawn.end()


def test_a_hub_that_restarts_finds_its_running_pods(
    place_of: Callable[[str], Place], tmp_path: Path, artefacts: Path
) -> None:
    log = artefacts / "cluster-hub-restart.log"
    # Running servers know their hub's address.
    place, settings = place_of("restricted"), {"log": log, "cleanup_servers": False, "hub_port": free_port()}
    with hub_on(place, tmp_path, **settings) as hub:
        person = Person(hub, "stays")
        person.choose("scipy")
    with hub_on(place, tmp_path, **settings) as hub:
        person = Person(hub, "stays")
        wait_until("the server is ready still", person.is_ready)
        assert person.run(eessi_kernel(person), "import numpy").status == "ok"
        person.stop()
        wait_until("the server is gone", lambda: not person.is_ready())


@pytest.mark.long
def test_the_first_spawn_after_the_api_server_was_away_for_90_seconds_succeeds(
    start_hub: Callable[..., Any], stocked: Cluster
) -> None:
    hub = start_hub("restricted")
    first = Person(hub, "before-the-outage")
    first.choose("scipy")
    stocked.stop_api_server()
    time.sleep(90)
    stocked.start_api_server()
    second = Person(hub, "after-the-outage")
    assert "Server ready" in second.choose("scipy")[-1]
