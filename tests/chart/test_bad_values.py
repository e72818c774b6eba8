"""Values that cannot be are refused before anything is applied: the words name the key, what came and what to write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.helm import Helm
from tools import chart_files


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"atach": {"way": "csi"}}, ("'atach'", "not allowed")),
        ({"attach": {"namespace": "other"}}, ("/attach", "'namespace'", "not allowed")),
        ({"attach": {"csi": {"storageclass": {}}}}, ("/attach/csi", "'storageclass'", "not allowed")),
        ({"attach": {"way": "hostPath"}}, ("/attach/way", "'csi'", "'nfs'", "'none'")),
        ({"attach": {"csi": {"volume": "dynamic"}}}, ("/attach/csi/volume", "'static'", "'storageClass'")),
        ({"attach": {"claim": "CVMFS"}}, ("/attach/claim", "'CVMFS'", "pattern")),
        ({"attach": {"csi": {"storageClass": {"name": ""}}}}, ("/attach/csi/storageClass/name", "pattern")),
        ({"rbac": {"nodes": "no"}}, ("/rbac/nodes", "want boolean")),
        ({"hub": {"serviceAccount": ""}}, ("/hub/serviceAccount", "pattern")),
        ({"attach": {"nfs": {"path": None}}}, ("/attach/nfs", "missing property 'path'")),
        ({"rbac": None}, ("missing property 'rbac'",)),
        ({"attach": {"way": "nfs"}}, ("attach.nfs.server", "is empty", "10.0.0.5")),
        ({"attach": {"way": "nfs", "nfs": {"server": "10.0.0.5:/cvmfs"}}}, ("/attach/nfs/server", "pattern")),
        ({"attach": {"way": "nfs", "nfs": {"server": "10.0.0.5", "path": "cvmfs"}}}, ("/attach/nfs/path", "pattern")),
        ({"attach": {"way": "nfs", "nfs": {"server": "nfs.cvmfs.svc"}}}, ("attach.nfs.server", "cluster IP")),
        ({"attach": {"nfs": {"server": "10.0.0.5"}}}, ("attach.nfs.server", "attach.way is csi", "to nfs")),
    ],
    ids=str,
)
def test_it_is_refused_with_its_key_and_the_way_out(helm: Helm, values: dict[str, Any], words: tuple[str, ...]) -> None:
    done = helm.template(values)
    assert done.returncode != 0
    assert not [word for word in words if word not in done.stderr], done.stderr


def test_no_object_of_the_schema_takes_a_key_that_it_does_not_have() -> None:
    def objects(node: dict[str, Any]) -> list[dict[str, Any]]:
        return [node, *(found for child in node.get("properties", {}).values() for found in objects(child))]

    schema = chart_files.schema(chart_files.source())
    open_ones = [node for node in objects(schema) if node["type"] == "object" and node["additionalProperties"]]
    assert open_ones == [schema["properties"]["global"]]
