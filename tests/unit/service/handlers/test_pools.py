"""Pools and offers by the API: to each what their groups may use."""

from __future__ import annotations

import pytest

from tests.unit.service.hub_double import Client, model
from tests.unit.service.reports import FACTS

MODULE = "matplotlib/3.10.5-gfbf-2025b"


@pytest.fixture
def told(service: Client) -> Client:
    service.hub.models["physicist"] = {**model("physicist"), "groups": ["physics"]}
    service.hub.models["lonely"] = model("lonely")
    assert service.ask("hub", "PUT", token="of-the-service", body=FACTS.to_json()).status == 204
    return service


def test_each_user_sees_the_pools_of_their_groups(told: Client) -> None:
    assert [item["name"] for item in told.ask("pools").json["items"]] == ["zen3", "icelake", "tainted"]
    assert "physics" in [item["name"] for item in told.ask("pools", token="physicist").json["items"]]


@pytest.mark.parametrize("address", ["pools", f"offers?module={MODULE}"])
def test_before_the_hub_has_told_anything_pools_are_unknown(address: str, service: Client) -> None:
    answer = service.ask(address).json
    assert (answer["items"], answer["age"]) == ([], None)
    assert answer["unknown"]


def test_an_environment_s_offers_are_its_owner_s_alone(told: Client) -> None:
    key = told.ask("environments", "POST", body={"name": "plots", "modules": [MODULE]}).json["id"]
    offers = told.ask(f"offers?environment={key}").json["items"]
    assert [(offer["pool"], offer["verdict"]) for offer in offers[:2]] == [("zen3", "works"), ("icelake", "waits")]
    assert told.ask(f"offers?environment={key}", token="bob").status == 404
    assert told.ask(f"offers?environment={key}", token="robot").status == 403


def test_a_misspelt_module_is_refused_in_words(told: Client) -> None:
    answer = told.ask("offers?module=nothing/1")
    assert (answer.status, answer.json["code"]) == (400, "unknown_module")
