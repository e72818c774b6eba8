"""How long a server waited for a node is what the next user hears who has to wait for one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from eessi_spawner.placement.offer import Verdict
from eessi_spawner.spawner import placed
from eessi_spawner.spawner.explained import ExplainedKubeSpawner
from eessi_spawner.spawner.waits import Waits, seconds_until_scheduled
from tests.unit.spawner.pods import Json, MakeSpawner, PodOf
from tests.unit.spawner.watched import a_node, a_pod, watched

CREATED = "2026-01-01T00:00:00Z"


def scheduled(at: str | None, status: str = "True") -> Json:
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "PodScheduled", "status": status}]
    conditions[1] |= {"lastTransitionTime": at}  # type: ignore[dict-item]
    return {"metadata": {"creationTimestamp": CREATED}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("pod", "seconds"),
    [
        (scheduled("2026-01-01T00:03:20Z"), 200),
        (scheduled("2026-01-01T00:03:20+00:00"), 200),
        (scheduled(CREATED), 0),
        (scheduled("2025-12-31T23:59:59Z"), 0),
        (scheduled("2026-01-01T00:03:20Z", "False"), None),
        (scheduled(None), None),
        ({"metadata": {}, "status": scheduled(CREATED)["status"]}, None),
        ({"metadata": {"creationTimestamp": CREATED}, "status": {"conditions": None}}, None),
        ({"metadata": {"creationTimestamp": CREATED}, "status": None}, None),
        ({}, None),
    ],
)
def test_a_pod_waited_from_its_making_until_it_was_scheduled(pod: Json, seconds: float | None) -> None:
    assert seconds_until_scheduled(pod) == seconds


def test_the_last_five_of_each_pool_are_kept() -> None:
    waits = Waits()
    for minute in range(7):
        waits.add("zen4", scheduled(f"2026-01-01T00:{minute:02}:00Z"))
    waits.add("zen3", scheduled(None))
    assert waits.by_pool() == {"zen4": (120, 180, 240, 300, 360)}


def test_who_waits_next_is_told_how_long_the_last_one_waited(
    make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = {"name": "zen4", "cpu_target": "x86_64/amd/zen4", "node_selector": {"pool": "zen4"}, "max_nodes": 3}
    pools = watched([a_node("n1", pool="zen4")], [a_pod("full", "n1", cpu="16")], declared=[pool])
    spawner = make_spawner({"cpu_guarantee": 1}, node_pools=[pool])
    monkeypatch.setattr(placed, "WAITS", waits := Waits())
    monkeypatch.setattr("eessi_spawner.spawner.kube.WAITS", waits)
    monkeypatch.setattr(type(spawner), "hub_pools", lambda _self: pools)
    sentences = []
    for minutes in (3, 5):
        pod_of(spawner, {})
        (offer,) = spawner.taken
        assert offer.verdict is Verdict.WAITS
        sentences.append(offer.sentence.partition("; ")[2])
        _run_start(spawner, scheduled(f"2026-01-01T00:0{minutes}:00Z"), loop, monkeypatch)
    pod_of(spawner, {})
    assert [*sentences, spawner.taken[0].sentence.partition("; ")[2]] == [
        "no free node now; a new one is started",
        "no free node; the last ones took 3 minutes",
        "no free node; the last ones took 3 to 5 minutes",
    ]


def _run_start(spawner: Any, pod: Json, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a server whose pod was *pod* when it ran."""

    async def start(_self: object) -> str:
        return "http://192.0.2.1"

    reflector = SimpleNamespace(pods={f"{spawner.namespace}/{spawner.pod_name}": pod})
    monkeypatch.setattr(ExplainedKubeSpawner, "start", start)
    with monkeypatch.context() as patched:
        patched.setattr(type(spawner), "pod_reflector", reflector)
        assert loop.run_until_complete(spawner.start()) == "http://192.0.2.1"
