"""What Helm prints after an install says what to do next, for what was installed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.attach.ways import parse_attachments
from tests.chart.helm import CHART, NAMESPACE, Helm

# Helm prints notes only when it has a cluster: this shows them as an object.
_SHOWN = """\
kind: Notes
text: |
  {{- include (print .Template.BasePath "/NOTES.txt") . | nindent 2 }}
"""

NFS = {"attach": {"way": "nfs", "claim": "site", "nfs": {"server": "10.0.0.5"}}}


@pytest.fixture
def notes(helm: Helm, tmp_path: Path) -> Callable[[Any], str]:
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    (chart / "templates/notes.yaml").write_text(_SHOWN)

    def notes(values: Any) -> str:
        options = ["--namespace", NAMESPACE, "--show-only", "templates/notes.yaml", "--values", "-"]
        done = helm.run("template", "eessi", chart, *options, "--kube-version", "1.34.0", values=yaml.safe_dump(values))
        assert done.returncode == 0, done.stderr
        return str(yaml.safe_load(done.stdout)["text"])

    return notes


@pytest.mark.parametrize(("values", "claim"), [({}, "cvmfs"), (NFS, "site")])
def test_they_say_what_the_hub_has_to_attach(notes: Callable[[Any], str], values: Any, claim: str) -> None:
    text = notes(values)
    (setting,) = re.findall(r"eessi_attach: (.+)", text)
    assert parse_attachments(yaml.safe_load(setting)) == (ClaimAttachment(claim=claim),)
    assert f"kubectl --namespace {NAMESPACE} get pvc {claim}" in text


def test_without_a_claim_they_say_so_and_name_none_to_look_at(notes: Callable[[Any], str]) -> None:
    text = notes({"attach": {"way": "none"}})
    (setting,) = re.findall(r"eessi_attach: (.+)", text)
    assert parse_attachments(yaml.safe_load(setting)) == ()
    assert "pvc" not in text


def test_a_hub_that_is_not_in_this_namespace_is_missed_by_its_name(notes: Callable[[Any], str]) -> None:
    assert "no ServiceAccount jhub-hub in this namespace" in notes({"hub": {"serviceAccount": "jhub-hub"}})


@pytest.mark.parametrize(
    ("values", "is_said"),
    [({}, True), ({"nodeFeatureRule": {"create": True}}, False), ({"rbac": {"nodes": False}}, False)],
)
def test_labels_are_spoken_of_where_nodes_are_read_and_nothing_labels_them(
    notes: Callable[[Any], str], values: Any, *, is_said: bool
) -> None:
    assert ("eessi-spawner labels --detect --apply" in notes(values)) is is_said


def test_the_driver_is_spoken_of_where_it_is_needed(notes: Callable[[Any], str]) -> None:
    assert "cvmfs-csi" in notes({})
    assert "cvmfs-csi" not in notes(NFS)


@pytest.mark.parametrize(
    ("image", "is_said"), [({}, True), ({"repository": "registry.site/service"}, False)], ids=["example", "own"]
)
def test_an_image_that_is_an_example_is_missed(notes: Callable[[Any], str], image: Any, *, is_said: bool) -> None:
    assert ("It cannot start yet" in notes({"service": {"image": image}})) is is_said


def test_without_the_service_nothing_is_said_of_it(notes: Callable[[Any], str]) -> None:
    assert "helm test eessi" in notes({})
    assert "helm test" not in notes({"service": {"create": False}})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"squid": {"create": True}}, ["eessi-squid.jhub.svc:3128", "No node uses them yet"]),
        (
            {"squid": {"create": True}, "cvmfsClient": {"create": True}},
            ["eessi-squid.jhub.svc:3128", "by-chart-values"],
        ),
        ({"cvmfsClient": {"create": True, "namespace": "driver"}}, ["in its namespace, driver", "by-chart-values"]),
    ],
    ids=["squids", "squids that are used", "other proxies"],
)
def test_what_else_the_driver_needs_is_said(notes: Callable[[Any], str], values: Any, words: list[str]) -> None:
    text = notes(values)
    assert [word for word in words if word not in text] == []
    assert ("No node uses them" in text) is ("cvmfsClient" not in values)
