"""All that the examples make is what Kubernetes takes, field by field, in each of some versions."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.chart.goldens import EXAMPLES, golden
from tests.chart.openapi import VERSIONS, complaints

STATIC = golden(Path("csi-static.yaml"))
NOT_BUILT_IN = {"ServiceMonitor"}

pytestmark = pytest.mark.usefixtures("go")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_taken(version: str, example: Path) -> None:
    for document in filter(None, yaml.safe_load_all(golden(example).read_text(encoding="utf-8"))):
        if document["kind"] in NOT_BUILT_IN:
            continue
        assert complaints(version, document) == [], document["kind"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"storageclassName": ""}, "$.spec: Additional properties are not allowed ('storageclassName' was unexpected)"),
        ({"accessModes": "ReadOnlyMany"}, "$.spec.accessModes: 'ReadOnlyMany' is not of type 'array'"),
    ],
    ids=["a misspelt field", "a wrong type"],
)
def test_a_mistake_would_be_found(change: dict[str, object], complaint: str) -> None:
    documents = filter(None, yaml.safe_load_all(STATIC.read_text(encoding="utf-8")))
    volume = next(document for document in documents if document["kind"] == "PersistentVolume")
    assert complaints(VERSIONS[-1], {**volume, "spec": volume["spec"] | change}) == [complaint]
