"""A user's own data: all of it is given out to them, and can be removed by them."""

from __future__ import annotations

from tests.unit.service.hub_double import Client

PLOTS = {"name": "plots", "title": "Plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}


def test_all_of_a_user_is_given_out_and_nothing_of_others(service: Client) -> None:
    saved = service.ask("environments", "POST", body=PLOTS).json
    service.ask("environments", "POST", body={**PLOTS, "title": "Bob's"}, token="bob")
    answer = service.ask("me/export")
    assert answer.json["user"] == "ada"
    [row] = answer.json["data"]["environments"]
    assert (row["id"], row["owner"], row["created"]) == (saved["id"], "ada", saved["created"])
    assert row["modules"] == saved["modules"]
    assert "Bob" not in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_user_can_have_all_removed_and_nothing_of_others_goes(service: Client) -> None:
    for token in ("ada", "bob"):
        service.ask("environments", "POST", body=PLOTS, token=token)
    assert service.ask("me", "DELETE").status == 204
    assert service.ask("environments").json["total"] == 0
    assert not any(service.ask("me/export").json["data"].values())
    assert service.ask("environments", token="bob").json["total"] == 1


def test_a_service_is_not_the_user_whose_name_it_has(service: Client) -> None:
    assert service.ask("me", "DELETE", token="robot").status == 403
    assert service.ask("me/export", token="robot").status == 403
