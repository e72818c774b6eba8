"""Environments handed on, by the API: checked, copied, shared, exported and imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.unit.service.hub_double import Client

MATPLOTLIB = "matplotlib/3.10.5-gfbf-2025b"
OLD_SCIPY = "SciPy-bundle/2023.07-gfbf-2023a"
PLOTS = {"name": "plots", "title": "Plots", "modules": [MATPLOTLIB]}


def saved(service: Client, data: Mapping[str, Any] = PLOTS, token: str = "ada") -> str:  # noqa: S107
    answer = service.ask("environments", "POST", body=data, token=token)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def names(service: Client, token: str = "ada") -> list[str]:  # noqa: S107
    return [item["name"] for item in service.ask("environments", token=token).json["items"]]


def test_modules_are_checked_without_being_saved(service: Client) -> None:
    answer = service.ask("environments/check", "POST", body={"modules": [MATPLOTLIB]})
    assert answer.status == 200
    assert answer.json["together"]
    assert answer.json["added"] == ["jupyter-server/2.17.0-GCCcore-14.3.0"]
    assert "x86_64/amd/zen3" in answer.json["targets"]
    assert names(service) == []


def test_modules_that_cannot_go_together_are_an_answer_with_the_nearest_set(service: Client) -> None:
    answer = service.ask("environments/check", "POST", body={"modules": [MATPLOTLIB, OLD_SCIPY, "nope/1"]})
    assert (answer.status, answer.json["together"]) == (200, False)
    assert "EESSI has no module nope/1" in answer.json["reasons"]
    assert answer.json["nearest"]["changes"] == [
        {"module": OLD_SCIPY, "becomes": "SciPy-bundle/2025.07-gfbf-2025b"},
        {"module": "nope/1", "becomes": None},
    ]
    nearest = service.ask("environments/check", "POST", body={"modules": answer.json["nearest"]["modules"]})
    assert nearest.json["together"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        [],
        {},
        {"modules": "x"},
        {"modules": [1]},
        {"modules": ["<b>/1"]},
        {"modules": ["x/\x00"]},
        {"modules": [MATPLOTLIB], "release": 2025.06},
        {"modules": [MATPLOTLIB], "release": None},
        {"modules": [MATPLOTLIB], "release": "latest"},
        {"modules": [MATPLOTLIB], "owner": "bob"},
    ],
)
def test_what_is_no_question_is_refused(body: object, service: Client) -> None:
    answer = service.ask("environments/check", "POST", body=body)
    assert (answer.status, answer.json["code"]) == (400, "invalid_choice")


def test_a_copy_gets_a_free_name_or_the_one_that_is_wanted(service: Client) -> None:
    key = saved(service)
    first = service.ask(f"environments/{key}/copy", "POST")
    assert (first.status, first.json["name"], first.json["title"]) == (201, "plots-2", "Plots (2)")
    assert service.ask(first.headers["Location"]).json == first.json
    assert service.ask(f"environments/{key}/copy", "POST", body={"name": "mine"}).json["name"] == "mine"
    assert service.ask(f"environments/{key}/copy", "POST", body={"name": "mine"}).status == 409
    assert service.ask(f"environments/{key}/copy", "POST").json["name"] == "plots-3"
    for body in ({"name": "<b>"}, {"title": "x"}, [], {"name": 1}, b"{"):
        assert service.ask(f"environments/{key}/copy", "POST", body=body).json["code"] == "invalid_choice"
    assert names(service) == ["mine", "plots", "plots-2", "plots-3"]


def test_a_link_shows_it_to_who_is_logged_in_and_a_copy_is_their_own(service: Client) -> None:
    key = saved(service)
    link = service.ask(f"environments/{key}/share", "POST").json
    assert link["page"] == f"/services/eessi/shared/{link['token']}"
    assert service.ask(f"environments/{key}/share", "POST").json == link
    shown = service.ask(f"shared/{link['token']}", token="bob")
    assert (shown.status, shown.json["owner"], shown.json["name"]) == (200, "ada", "plots")
    assert key not in shown.text
    assert service.ask(f"shared/{link['token']}", token="").status == 401
    copy = service.ask(f"shared/{link['token']}", "POST", token="bob")
    assert (copy.status, copy.json["name"]) == (201, "plots")
    assert service.ask(f"shared/{link['token']}", "POST", token="bob", body={"name": "hers"}).json["name"] == "hers"
    assert names(service, "bob") == ["hers", "plots"]
    assert service.ask(f"environments/{key}/share", "DELETE").status == 204
    gone = service.ask(f"shared/{link['token']}", token="bob")
    assert (gone.status, gone.json["code"]) == (404, "unknown_environment")


def test_a_removal_is_undone_however_often_that_is_asked_for(service: Client) -> None:
    key = saved(service)
    service.ask(f"environments/{key}", "DELETE")
    assert service.ask(f"environments/{key}/restore", "POST", token="bob").status == 404
    back = service.ask(f"environments/{key}/restore", "POST")
    assert (back.status, back.json["id"]) == (200, key)
    assert service.ask(f"environments/{key}/restore", "POST").json == back.json
    assert service.ask(f"environments/{key}/restore", "POST", token="bob").status == 404
    assert names(service) == ["plots"]


@pytest.mark.parametrize(
    ("path", "method"),
    [("copy", "POST"), ("share", "POST"), ("share", "DELETE"), ("restore", "POST")],
)
def test_another_s_is_as_unknown_as_one_that_there_is_not(path: str, method: str, service: Client) -> None:
    key = saved(service)
    answers = [service.ask(f"environments/{name}/{path}", method, token="bob") for name in (key, "0" * 32)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert service.ask(f"environments/export?id={key}", token="bob").status == 404
    assert names(service) == ["plots"]


def test_what_is_exported_can_be_imported(service: Client) -> None:
    key = saved(service)
    saved(service, {**PLOTS, "name": "x", "title": "Ünï ☃"})
    one = service.ask(f"environments/export?id={key}")
    assert one.headers["Content-Disposition"] == 'attachment; filename="plots.yaml"'
    assert one.headers["Content-Type"] == "application/yaml"
    assert [entry["name"] for entry in yaml.safe_load(one.text)["environments"]] == ["plots"]
    everything = service.ask("environments/export")
    assert everything.text.isascii()
    back = service.ask("environments/import", "POST", token="bob", body=everything.text.encode())
    assert {item["result"] for item in back.json["items"]} == {"saved"}
    assert names(service, "bob") == names(service)
    again = service.ask("environments/import", "POST", token="bob", body=everything.text.encode())
    assert {item["result"] for item in again.json["items"]} == {"unchanged"}


def test_each_entry_of_a_file_is_told_what_became_of_it(service: Client) -> None:
    saved(service, {**PLOTS, "name": "taken"})
    file = f"""
    - {{name: good, release: 2025.06, modules: [{MATPLOTLIB}]}}
    - {{name: taken, modules: [{OLD_SCIPY}]}}
    - {{name: apart, modules: [{MATPLOTLIB}, {OLD_SCIPY}]}}
    - {{name: "<b>", modules: [{MATPLOTLIB}]}}
    - {{name: words, packages: [numpy, dask]}}
    - just text
    """
    answer = service.ask("environments/import", "POST", body=file.encode())
    assert answer.status == 200
    told = [(item["name"], item["result"], item.get("code")) for item in answer.json["items"]]
    assert told == [
        ("good", "saved", None),
        ("taken", "refused", "environment_exists"),
        ("apart", "refused", "modules_apart"),
        ("<b>", "refused", "invalid_choice"),
        ("words", "saved", None),
        ("entry 6", "refused", "invalid_choice"),
    ]
    assert names(service) == ["good", "taken", "words"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"a: &a [*a]", b"[" * 60_000, b"- !!python/object/apply:os.abort []\n" * 201]
)
def test_what_is_no_file_of_environments_is_refused_as_a_whole(body: bytes, service: Client) -> None:
    answer = service.ask("environments/import", "POST", body=body)
    assert (answer.status, answer.json["code"]) == (400, "invalid_choice")
    assert names(service) == []


def test_a_file_that_is_too_large_is_refused_as_such(service: Client) -> None:
    assert service.ask("environments/import", "POST", body=b"#" * (64 * 1024)).status == 400
    assert service.ask("environments/import", "POST", body=b"#" * (64 * 1024 + 1)).status == 413
