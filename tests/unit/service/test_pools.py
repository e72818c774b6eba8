"""What one user may know of the hub's pools, and what runs there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jsonschema import validate

from eessi_spawner.cluster.resources import Resources
from eessi_spawner.errors import InvalidChoiceError, UnknownModuleError
from eessi_spawner.placement.facts import PlacementFacts
from eessi_spawner.placement.offer import Verdict
from eessi_spawner.service import hub_facts
from eessi_spawner.service.hub_facts import ToldFacts
from eessi_spawner.service.pools import PoolsView, everything, offers_to_json, pools_to_json, view_of
from eessi_spawner.service.schemas import SCHEMAS, TOLD, listed
from eessi_spawner.service.wanted import check_question, offers_for
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.unit.service.reports import FACTS, FULL, ROOM, pool

CATALOGUE = bundled_catalogue()
MODULE = "SciPy-bundle/2025.07-gfbf-2025b"
NOW = 1000.0


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_facts, "_clock", lambda: NOW)


def view(facts: PlacementFacts = FACTS, *groups: str, age: float = 5) -> PoolsView:
    return view_of(ToldFacts(facts, NOW - age), groups)


def names(seen: PoolsView) -> list[str]:
    return [item["name"] for item in pools_to_json(seen)["items"]]


def test_a_pool_that_is_kept_for_a_group_is_known_to_its_members_alone() -> None:
    assert names(view()) == ["zen3", "icelake", "tainted"]
    assert names(view(FACTS, "physics")) == ["zen3", "icelake", "physics", "tainted"]
    told = str(pools_to_json(view())) + str(offers_to_json(view(), offers_for(view(), CATALOGUE, {"module": [MODULE]})))
    assert "physics" not in told
    assert "zen4" not in told


UNKNOWN = {
    "nothing was told": (None, "told nothing"),
    "told long ago": (ToldFacts(FACTS, NOW - 1200), "last 20 minutes ago"),
    "no pools": (ToldFacts(PlacementFacts(), NOW), "any node"),
    "all kept": (ToldFacts(replace(FACTS, states=FACTS.states[2:3]), NOW), "groups that you are not in"),
}


@pytest.mark.parametrize(("told", "words"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_said_and_is_no_no(told: ToldFacts | None, words: str) -> None:
    seen = view_of(told, [])
    assert words in seen.unknown
    answer = offers_to_json(seen, offers_for(seen, CATALOGUE, {"module": [MODULE]}))
    assert answer["items"] == []
    assert words in answer["unknown"]


def test_a_pool_is_told_with_its_room_and_what_a_server_could_not_do_there() -> None:
    [zen3, icelake, tainted] = pools_to_json(view())["items"]
    assert zen3 == {
        "name": "zen3",
        "cpu_target": "x86_64/amd/zen3",
        "machine": "x86_64",
        "accelerators": [],
        "open_nodes": 3,
        "closed_nodes": 0,
        "free_nodes": 2,
        "max_nodes": None,
        "waits": [],
        "reason": "",
    }
    assert (icelake["free_nodes"], icelake["max_nodes"], icelake["waits"]) == (0, 4, [200, 235])
    assert "maintenance" in tainted["reason"]


def test_offers_of_a_module_say_what_each_pool_makes_of_it() -> None:
    offers = offers_to_json(view(), offers_for(view(), CATALOGUE, {"module": [MODULE]}))["items"]
    assert [(offer["pool"], offer["verdict"]) for offer in offers] == [
        ("zen3", "works"),
        ("icelake", "waits"),
        ("tainted", "cannot"),
    ]
    assert offers[0]["target"] == "x86_64/amd/zen3"
    assert offers[0]["sentence"] == "zen3 builds, 2 nodes free"


def test_offers_of_a_release_are_of_its_builds_and_a_module_may_be_of_several() -> None:
    in_2023 = offers_for(view(), CATALOGUE, {"release": ["2023.06"]})
    assert {offer.release for offer in in_2023} == {"2023.06"}
    # No builds for icelake there: those for an older CPU run.
    icelake = next(offer for offer in in_2023 if offer.state.pool.name == "icelake")
    assert icelake.is_less == ("x86_64/intel/icelake" not in CATALOGUE.targets_of_release["2023.06"])
    assert icelake.verdict is Verdict.WAITS


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"module": [""]},
        {"module": [MODULE], "environment": ["0" * 32]},
        {"release": ["2025.06"], "environment": ["0" * 32]},
        {"module": [MODULE, MODULE]},
        {"modul": [MODULE]},
    ],
)
def test_one_thing_is_asked_about(arguments: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidChoiceError):
        check_question(arguments)


@pytest.mark.parametrize("module", ["SciPy-bundle/0", "SciPy-bundle", "../x"])
def test_a_module_that_there_is_not_is_no_answer(module: str) -> None:
    with pytest.raises((UnknownModuleError, InvalidChoiceError)):
        offers_for(view(), CATALOGUE, {"module": [module]})


def test_the_key_is_another_exactly_where_something_else_would_be_said() -> None:
    key = view().key
    assert view(age=50).key == key
    more_room = (pool("zen3", "x86_64/amd/zen3", ROOM, ROOM, ROOM), *FACTS.states[1:])
    others = [
        view(FACTS, "physics"),
        view(replace(FACTS, states=more_room)),
        view(replace(FACTS, waits={"icelake": (60.0,)})),
        view(replace(FACTS, request=replace(FACTS.request, resources=Resources(9)))),
        view(age=1200),
    ]
    assert len({key, *(other.key for other in others)}) == 6
    # Another node that is as full says the same.
    as_full = (pool("zen3", "x86_64/amd/zen3", ROOM, ROOM, FULL, FULL), *FACTS.states[1:])
    assert view(replace(FACTS, states=as_full)).key == key


def test_pools_and_offers_are_as_the_document_says() -> None:
    seen = everything(ToldFacts(FACTS, NOW))
    answers = {
        "Pool": pools_to_json(seen),
        "Offer": offers_to_json(seen, offers_for(seen, CATALOGUE, {"module": [MODULE]})),
    }
    for name, answer in answers.items():
        assert answer["items"]
        validate(answer, {**listed(name, **TOLD), "components": {"schemas": SCHEMAS}})
