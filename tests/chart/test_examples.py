"""The examples render to what was read and agreed on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.chart.goldens import EXAMPLES, golden, rendering
from tests.chart.helm import CHART, Helm
from tools import chart_files


def test_there_is_an_example_for_each_way_and_each_kind_of_volume() -> None:
    values = dict(chart_files.values(chart_files.source()))
    attachments = [yaml.safe_load(example.read_text(encoding="utf-8"))["attach"] for example in EXAMPLES]
    assert {attach["way"] for attach in attachments} == set(values["attach.way"]["enum"])
    volumes = {attach["csi"]["volume"] for attach in attachments if "csi" in attach}
    assert volumes == set(values["attach.csi.volume"]["enum"])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_renders_to_its_golden(helm: Helm, example: Path) -> None:
    assert rendering(helm, example) == golden(example).read_text(encoding="utf-8"), "python -m tests.chart.goldens"


def test_what_is_printed_for_other_tools_says_its_namespace() -> None:
    everywhere = {"PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding"}
    for example in EXAMPLES:
        for document in filter(None, yaml.safe_load_all(golden(example).read_text(encoding="utf-8"))):
            assert ("namespace" in document["metadata"]) is (document["kind"] not in everywhere), document["kind"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_helm_finds_no_fault_with_the_chart_and_an_example(helm: Helm, example: Path) -> None:
    done = helm.run("lint", "--strict", "--quiet", "--kube-version", "1.34.0", "--values", example, CHART)
    assert done.returncode == 0, done.stdout + done.stderr
