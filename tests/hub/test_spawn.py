"""A real hub: the form, the progress page, kernels, stopping, and what is remembered."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eessi_spawner.demo.check import check_hub
from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.demo.visitor import Visitor, form_fields
from eessi_spawner.stack.host import read_host

pytestmark = pytest.mark.sample_stack


def checked(page: str) -> list[str]:
    return [field.value for field in form_fields(page) if field.checked]


def hidden(page: str) -> list[tuple[str, str]]:
    return [(field.name, field.value) for field in form_fields(page) if field.kind == "hidden"]


def test_the_way_of_a_person_ends_in_a_notebook_in_every_kernel(
    hub: DemoHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text("")
    assert check_hub(hub.url, log=log) == 0
    told = capsys.readouterr().out
    for claim in ("Found CPU", "Sample of EESSI 2025.06, builds for", "Sample of EESSI 2023.06", "Server ready"):
        assert claim in told


def test_the_form_says_the_cpu_target_and_that_the_stack_is_a_sample(hub: DemoHub) -> None:
    visitor = Visitor(hub.url)
    visitor.log_in("ada")
    page = visitor.spawn_form().text
    assert read_host().target.path in page
    assert "sample" in page.lower()
    assert "2025.06" in checked(page), "the newest release is the default"


def test_only_the_chosen_environments_become_kernels_and_the_choice_is_remembered(hub: DemoHub) -> None:
    visitor = Visitor(hub.url)
    visitor.log_in("bob")
    page = visitor.spawn_form().text
    fields = [*hidden(page), ("release", "2023.06"), ("environments", "2023.06-python-2023b")]
    assert visitor.spawn(fields).status == 200
    assert list(visitor.progress())[-1]["ready"]
    token = visitor.token()
    specs = json.loads(visitor.call("user/bob/api/kernelspecs", method="GET", token=token).text)
    releases = [
        spec["spec"]["metadata"]["eessi"]["release"]
        for spec in specs["kernelspecs"].values()
        if "eessi" in spec["spec"]["metadata"]
    ]
    assert releases == ["2023.06"]
    assert specs["default"].startswith("eessi-")
    assert visitor.call("hub/api/users/bob/server", method="DELETE", token=token).status in (202, 204)
    for _ in range(100):
        if json.loads(visitor.call("hub/api/users/bob", method="GET", token=token).text)["server"] is None:
            break
    again = checked(visitor.spawn_form().text)
    assert "2023.06" in again
    assert "2025.06" not in again


def test_a_link_with_options_starts_what_it_says(hub: DemoHub) -> None:
    visitor = Visitor(hub.url)
    visitor.log_in("cleo")
    # JupyterHub 6 wants the prefix opt-, 5.x has none.
    prefix = "opt-" if "opt-" in _spawn_link_prefix(hub) else ""
    answer = visitor.request(f"hub/spawn?{prefix}release=2025.06&{prefix}environments=2025.06-python-2024a")
    assert answer.status == 200
    assert list(visitor.progress())[-1]["ready"]
    token = visitor.token()
    specs = json.loads(visitor.call("user/cleo/api/kernelspecs", method="GET", token=token).text)["kernelspecs"]
    assert [name for name in specs if name.startswith("eessi-")] == [
        name for name, spec in specs.items() if "2024a" in spec["spec"]["display_name"]
    ]
    visitor.call("hub/api/users/cleo/server", method="DELETE", token=token)


def _spawn_link_prefix(hub: DemoHub) -> str:
    page = Visitor(hub.url).request("hub/api/").text
    version = re.search(r'"version": "(\d+)', page)
    assert version is not None
    return "opt-" if int(version[1]) >= 6 else ""
