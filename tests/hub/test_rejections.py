"""What is posted wrongly is refused with a sentence, counts as no failure, and never stops the hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.demo.visitor import Visitor, form_fields

pytestmark = pytest.mark.sample_stack

MEGABYTE = "x" * 1_000_000

# Each is posted by the form and by the REST API: 20 in a row, with a limit of 5 failures.
FORMS: list[list[tuple[str, str]]] = [
    [("release", "1999.01")],
    [("release", " ")],
    [("release", "2025.06"), ("release", "2023.06")],
    [("release", "<script>alert(1)</script>")],
    [("release", "$(touch /tmp/owned)")],
    [("release", MEGABYTE)],
    [("release", "../../etc/passwd")],
    [("release", "2025.06\x00")],
    [("environments", "nope")],
    [("environments", "'; rm -rf /; '")],
    [("environments", "<img src=x onerror=alert(1)>")],
    [("environments", MEGABYTE)],
    [("environments", "")],
    [("environments", "2025.06-python-2025b"), ("environments", "nope")],
    [("release", "2023.06"), ("environments", "2025.06-python-2025b")],
    [("environments", f"e{number}") for number in range(500)],
    [("profile", "gpu")],
    [("__class__", "x")],
    [("environments", "2025.06-python-2025b\n")],
    [("eessi-form", "1"), ("release", "2025.06")],
]
BODIES: list[Any] = [
    {"release": "1999.01"},
    {"release": 2025.06},
    {"release": ["2025.06"]},
    {"release": {"a": "b"}},
    {"release": True},
    {"release": "<script>alert(1)</script>"},
    {"release": "$(touch /tmp/owned)"},
    {"release": MEGABYTE},
    {"release": "2025.06\u0000"},
    {"environments": "2025.06-python-2025b"},
    {"environments": {"2025.06-python-2025b": True}},
    {"environments": 7},
    {"environments": [7]},
    {"environments": [["2025.06-python-2025b"]]},
    {"environments": ["nope"]},
    {"environments": [MEGABYTE]},
    {"environments": ["2025.06-python-2025b"] * 21},
    {"release": "2023.06", "environments": ["2025.06-python-2025b"]},
    {"profile": "gpu"},
    {"environments": ["2025.06-python-2025b", "../../etc"]},
]


def failures(visitor: Visitor) -> int:
    return int(visitor.request("hub/failure-count").text)


def test_twenty_wrong_forms_in_a_row_leave_the_hub_as_it_was(hub: DemoHub) -> None:
    assert len(FORMS) == 20
    visitor = Visitor(hub.url)
    visitor.log_in("dora")
    for fields in FORMS:
        answer = visitor.spawn(fields)
        shown = str(fields)[:80]
        assert answer.status == 400, shown
        assert "Traceback" not in answer.text, shown
        assert "spawn-error-msg" in answer.text, shown
        assert any(field.name == "environments" for field in form_fields(answer.text)), "the form is there again"
        assert "<script>alert(1)" not in answer.text
        assert "<img src=x" not in answer.text
    assert failures(visitor) == 0
    assert hub.process.poll() is None


def test_a_refused_form_comes_back_with_the_release_that_was_chosen(hub: DemoHub) -> None:
    visitor = Visitor(hub.url)
    visitor.log_in("gert")
    page = visitor.spawn([("eessi-form", "1"), ("release", "2023.06")]).text
    assert [field.value for field in form_fields(page) if field.checked and field.name == "release"] == ["2023.06"]


def test_twenty_wrong_rest_spawns_in_a_row_leave_the_hub_as_it_was(hub: DemoHub) -> None:
    assert len(BODIES) == 20
    visitor = Visitor(hub.url)
    visitor.log_in("emil")
    token = visitor.token()
    for body in BODIES:
        answer = visitor.call("hub/api/users/emil/server", body, token=token)
        shown = str(body)[:80]
        assert answer.status == 400, (shown, answer.text[:500])
        message = json.loads(answer.text)["message"]
        assert "Traceback" not in answer.text, shown
        assert len(message) < 1000, shown
    assert failures(visitor) == 0
    assert hub.process.poll() is None


def test_after_rejections_a_right_choice_still_starts_a_server(hub: DemoHub) -> None:
    visitor = Visitor(hub.url)
    visitor.log_in("fred")
    token = visitor.token()
    assert visitor.call("hub/api/users/fred/server", {"release": "nope"}, token=token).status == 400
    answer = visitor.call("hub/api/users/fred/server", {"release": "2025.06"}, token=token)
    assert answer.status in (201, 202), answer.text
    assert list(visitor.progress())[-1]["ready"]
    assert visitor.call("hub/api/users/fred/server", method="DELETE", token=token).status in (202, 204)
