"""Pools, the administrators' page and metrics behind a real JupyterHub: its groups, its scopes, its forms."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.demo.visitor import Visitor
from tests.service.running import METRICS_TOKEN, SERVICE, tell
from tests.unit.service.reports import FACTS, reports

API = f"{SERVICE}api/v1/"
MODULE = "matplotlib/3.10.5-gfbf-2025b"


@pytest.fixture(scope="module", autouse=True)
def _told(hub: DemoHub) -> None:
    tell(hub, "hub", "PUT", FACTS.to_json())
    tell(hub, "spawns", "POST", {"items": reports(3)})


def visitor(hub: DemoHub, name: str) -> Visitor:
    visitor = Visitor(hub.url)
    visitor.log_in(name)
    return visitor


def test_a_login_brings_the_groups_along_on_the_page_and_by_a_token(hub: DemoHub) -> None:
    physicist, ada = visitor(hub, "physicist"), visitor(hub, "ada")
    for who, sees in ((physicist, True), (ada, False)):
        assert ("physics (1 node free)" in who.request(f"{SERVICE}?q=scipy").text) is sees
        pools = json.loads(who.call(f"{API}pools", method="GET", token=who.token()).text)
        assert ("physics" in [pool["name"] for pool in pools["items"]]) is sees


def test_the_button_keeps_the_environment_and_leads_to_the_hub_s_start(hub: DemoHub) -> None:
    ada = visitor(hub, "ada")
    page = ada.request(f"{SERVICE}notebook?module={MODULE}&release=2025.06")
    mark = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert mark
    fields = [("module", MODULE), ("release", "2025.06")]
    refused = ada.post_form(f"{SERVICE}notebook", fields)
    assert urlsplit(refused.url).path != "/hub/spawn", "another site's page has no mark"
    landed = ada.post_form(f"{SERVICE}notebook", [*fields, ("_xsrf", mark[1])])
    assert urlsplit(landed.url).path.startswith("/hub/spawn")
    listed = json.loads(ada.call(f"{API}environments", method="GET", token=ada.token()).text)
    assert [item["modules"][1] for item in listed["items"]] == [MODULE]


def test_the_administrators_page_opens_by_the_scope_that_a_role_gives(hub: DemoHub) -> None:
    page = visitor(hub, "helper").request(f"{SERVICE}admin")
    assert page.status == 200
    assert "physics" in page.text
    assert visitor(hub, "ada").request(f"{SERVICE}admin").status == 403


def test_prometheus_reads_metrics_by_its_scope(hub: DemoHub) -> None:
    ada = visitor(hub, "ada")
    assert ada.call(f"{SERVICE}metrics", method="GET", token=ada.token()).status == 403
    answer = Visitor(hub.url).call(f"{SERVICE}metrics", method="GET", token=METRICS_TOKEN)
    assert answer.status == 200
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    [ready] = [sample for sample in families["eessi_spawns"].samples if sample.name == "eessi_spawns_total"]
    assert (ready.labels, ready.value) == ({"pool": "zen3", "result": "ready"}, 3)
