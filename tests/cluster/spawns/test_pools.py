"""Node pools by CPU target: a person lands where the chosen builds run, and hears what is possible now."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.stack.host import read_host
from tests.cluster.node_labels import label
from tests.cluster.spawns.hubs import Person
from tests.cluster.spawns.places import POOL_RULES, Place, grant_everywhere
from tests.cluster.spawns.test_trouble import Spawn
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.programs import wait_until

StartHub = Callable[..., Person]

HOST = read_host()
BEST, OLDER = HOST.chain[0], HOST.chain[-1]
# The sample stack has builds for this machine's own target and for generic ones.
FOUND = {"find_node_pools": True}
SUBDIRECTORY = "import os; print(os.environ['EESSI_SOFTWARE_SUBDIR'], os.environ['EBROOTSCIPYMINBUNDLE'])"


@contextmanager
def cordoned(api: Api, *nodes: str) -> Iterator[None]:
    for node in nodes:
        api.core.patch_node(node, {"spec": {"unschedulable": True}})
    try:
        yield
    finally:
        for node in nodes:
            api.core.patch_node(node, {"spec": {"unschedulable": None}})


@pytest.fixture(scope="module")
def place(place_of: Callable[[str], Place], api: Api) -> Place:
    granted = place_of("baseline")
    grant_everywhere(api, granted, POOL_RULES)
    return granted


@pytest.fixture
def labelled(place: Place, api: Api) -> Iterator[Place]:
    """Label node-a with this machine's target, and node-b as an older machine."""
    label(api, "node-a", HOST.chain)
    label(api, "node-b", (OLDER,))
    yield place
    for node in ("node-a", "node-b"):
        label(api, node, ())


def node_of(api: Api, place: Place, person: Person) -> str:
    return str(api.core.read_namespaced_pod(f"jupyter-{person.name}", place.namespace).spec.node_name)


def run_in_kernel(person: Person, code: str) -> str:
    (name,) = person.kernels().values()
    result = person.run(person.start_kernel(name), code)
    assert result.status == "ok", result
    return result.text.strip()


def shown(person: Person) -> str:
    """Return the text of the form."""
    text = re.sub(r"<[^>]+>", " ", person.visitor.spawn_form().text.partition("spawn_form")[2])
    return " ".join(html.unescape(text).split())


def test_a_person_lands_on_the_chosen_cpu_and_the_kernel_has_its_builds(
    labelled: Place, person_on: StartHub, api: Api
) -> None:
    person = person_on("baseline", **FOUND)
    for target, node in ((BEST, "node-a"), (OLDER, "node-b")):
        assert person.ask({"cpu_target": target.path}) in {201, 202}
        told = person.told()
        assert "Server ready" in told[-1], told
        assert any(f"{target.short_name} builds" in line for line in told), told
        assert node_of(api, labelled, person) == node
        subdirectory, root = run_in_kernel(person, SUBDIRECTORY).split()
        assert subdirectory == target.path
        assert f"/software/linux/{target.path}/software/SciPy-bundle/" in root
        person.stop()
        wait_until("the server is gone", lambda: not person.is_there())


def test_automatic_takes_the_best_that_is_free_and_then_the_next(
    labelled: Place, person_on: StartHub, api: Api
) -> None:
    person = person_on("baseline", **FOUND)
    with cordoned(api, "node-a"):
        wait_until("the form knows", lambda: "no free node now" in shown(person))
        told = person.choose("scipy")
        assert "Server ready" in told[-1], told
        assert node_of(api, labelled, person) == "node-b"
        assert run_in_kernel(person, SUBDIRECTORY).startswith(BEST.path), "the node is as good as the other"
    person.stop()
    wait_until("the server is gone", lambda: not person.is_there())
    wait_until("the form knows", lambda: "no free node now" not in shown(person))
    person.choose("scipy")
    assert node_of(api, labelled, person) == "node-a"


@pytest.mark.usefixtures("labelled")
def test_a_label_that_is_removed_takes_its_cpu_out_of_the_offers(person_on: StartHub, api: Api) -> None:
    person = person_on("baseline", **FOUND)
    assert BEST.path in shown(person)
    label(api, "node-a", (OLDER,))
    wait_until("the form knows", lambda: BEST.path not in shown(person))
    # By REST it is answered before it is looked at.
    assert person.ask({"cpu_target": BEST.path}) in {202, 400}
    assert f"There is no CPU target '{BEST}' to choose." in person.told()[-1]
    assert person.ask({"cpu_target": OLDER.path}) in {201, 202}
    assert "Server ready" in person.told()[-1]


def test_with_all_nodes_cordoned_the_person_is_told_and_waits(labelled: Place, person_on: StartHub, api: Api) -> None:
    person = person_on("baseline", **FOUND)
    with cordoned(api, "node-a", "node-b"):
        wait_until("the form knows", lambda: shown(person).count("no free node now") >= 2)
        spawn = Spawn(person)
        spawn.wait_until_told("waits until one is free", seconds=10)
        spawn.wait_until_told("No node can take the server now", seconds=20)
    assert "Server ready" in spawn.end()
    assert node_of(api, labelled, person) == "node-a"


def test_a_pool_that_is_scaled_from_zero_waits_for_its_node_and_the_next_person_hears_how_long(
    labelled: Place, person_on: StartHub, api: Api
) -> None:
    label(api, "node-a", (OLDER,))
    pool: dict[str, Any] = {
        "name": "cloud",
        "cpu_target": BEST.path,
        "node_selector": {"example.org/pool": "cloud"},
        "cpu": 2,
        "memory": "8Gi",
        "max_nodes": 2,
    }
    person = person_on("baseline", node_pools=[pool], **FOUND)
    wait_until("it is offered", lambda: "no free node now; a new one is started" in shown(person))
    spawn = Spawn(person, {"cpu_target": BEST.path})
    spawn.wait_until_told("a new one is started", seconds=20)
    spawn.wait_until_told("No node can take the server now", seconds=20)
    # As an autoscaler brings a node.
    api.core.patch_node("node-b", {"metadata": {"labels": {"example.org/pool": "cloud"}}})
    try:
        assert "Server ready" in spawn.end()
        assert node_of(api, labelled, person) == "node-b"
        with cordoned(api, "node-b"):
            wait_until("the next person hears it", lambda: "the last ones took" in shown(Person(person.hub, "next")))
    finally:
        api.core.patch_node("node-b", {"metadata": {"labels": {"example.org/pool": None}}})


def test_without_the_right_to_read_nodes_declared_pools_are_offered_and_the_log_says_why(
    person_on: StartHub, artefacts: Path
) -> None:
    pool = {"name": "declared", "cpu_target": OLDER.path, "node_selector": {"kubernetes.io/hostname": "node-b"}}
    person = person_on("restricted", node_pools=[pool], **FOUND)
    told = person.choose("scipy")
    assert "Server ready" in told[-1], told
    assert any(line.startswith("Node pool declared: ") for line in told)
    (log,) = artefacts.glob("cluster-test_without_the_right_to_read_nodes*.log")
    assert 'cannot list resource "nodes"' in log.read_text()
