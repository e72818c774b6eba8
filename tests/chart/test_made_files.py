"""What is made of the chart's documented source, and of the package, is current and says all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.nfd import node_feature_rule
from tests.chart.helm import CHART, Helm
from tools import chart_files

VALUES = dict(chart_files.values(chart_files.source()))
MADE = chart_files.made_files()


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_made_file_is_what_make_chart_writes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == MADE[path], "run: make chart"


@pytest.mark.parametrize("path", VALUES)
def test_every_value_is_described_and_has_a_default_that_stands_in_the_values(path: str) -> None:
    assert VALUES[path]["description"].endswith(".")
    if path == "global":
        return
    found = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for key in path.split("."):
        found = found[key]
    assert found == VALUES[path]["default"]


def test_the_chart_is_of_the_packages_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = (CHART.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{chart["version"]}"\n' in project
    assert chart["appVersion"] == chart["version"]


def test_the_rules_for_node_labels_are_those_of_the_package(helm: Helm) -> None:
    objects = helm.objects({"nodeFeatureRule": {"create": True}})
    assert objects["NodeFeatureRule"] == node_feature_rule(Labels())
    assert "NodeFeatureRule" not in helm.objects({})
