"""The page on monitoring says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families
from traitlets.config import Config

from eessi_spawner.service.handlers.base import ADMIN_SCOPE
from eessi_spawner.service.metrics import Levels, ServiceMetrics
from eessi_spawner.service.settings import METRICS_VARIABLE
from eessi_spawner.service.spawns import spawns_from_json
from eessi_spawner.service.store.spawn_table import KEPT_DAYS
from tests.unit.service.reports import report
from tests.unit.test_docs import rows

PAGE = (Path(__file__).parents[2] / "docs/admin/monitoring.md").read_text(encoding="utf-8")


def families() -> dict[str, set[str]]:
    """Return our metrics as they are written, each with its labels."""
    metrics = ServiceMetrics()
    metrics.count_request("software", 200, 0.1)
    metrics.count_search("page")
    metrics.count_spawns(spawns_from_json({"items": [report(), report(id="1" * 32, result="failed")]}))
    found = {}
    for family in text_string_to_metric_families(metrics.written(Levels(1, 1, 1, 1)).decode()):
        suffix = "_total" if family.type == "counter" else ""
        labels = {label for sample in family.samples for label in sample.labels if label != "le"}
        found[f"{family.name}{suffix}"] = labels
    # When each counter began, which the library adds.
    return {name: of for name, of in found.items() if name.startswith("eessi_") and not name.endswith("_created")}


def test_the_table_of_metrics_is_complete_with_all_labels() -> None:
    table = {
        name: set(re.findall("`([a-z]+)`", cells[0])) for name, cells in rows(PAGE).items() if name[:6] == "eessi_"
    }
    assert table == families()


def test_alerts_are_on_metrics_that_there_are() -> None:
    written = {name for family in families() for name in (family, f"{family}_bucket")}
    [alerts] = [block for block in re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL) if "groups:" in block]
    rules = yaml.safe_load(alerts)["groups"][0]["rules"]
    assert len(rules) == 5
    for rule in rules:
        assert set(re.findall("eessi_[a-z_]+", rule["expr"])) <= written, rule["alert"]


def test_the_settings_are_those_of_jupyterhub_and_of_the_service() -> None:
    config = Config()
    config.JupyterHub.services, config.JupyterHub.load_roles = [{"name": "eessi"}], []
    for block in re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL):
        exec(block, {"c": config, "metrics_token": "secret"})  # noqa: S102  (the document's own lines)
    assert ADMIN_SCOPE in config.JupyterHub.custom_scopes
    assert config.JupyterHub.services[0]["oauth_client_allowed_scopes"] == [ADMIN_SCOPE]
    assert rows(PAGE)[METRICS_VARIABLE][0] == "`true`"
    assert f"kept for {KEPT_DAYS} days" in PAGE
