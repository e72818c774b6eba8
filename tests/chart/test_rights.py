"""The hub gets the rights that the guide names, each by a switch of its own, and none where none is wanted."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, NAMESPACE, Helm

POOLS_PAGE = (CHART.parents[1] / "docs/admin/pools.md").read_text(encoding="utf-8")
NONE = {"nodes": False, "pods": False, "persistentVolumes": False}
# What the spawner does to volumes: eessi_spawner/spawner/claims.py.
VERBS = {
    "nodes": ["list", "watch"],
    "pods": ["list", "watch"],
    "persistentVolumes": ["create", "get", "delete"],
}


def test_the_rights_by_default_are_those_of_the_page_on_pools(helm: Helm) -> None:
    (block,) = re.findall(r"```yaml\n(.+?)```", POOLS_PAGE, re.DOTALL)
    role, binding = yaml.safe_load_all(block)
    objects = helm.objects({})
    assert objects["ClusterRole"]["rules"] == role["rules"]
    assert objects["ClusterRoleBinding"]["subjects"] == binding["subjects"]


@pytest.mark.parametrize("right", VERBS)
def test_a_switch_gives_its_right_alone(helm: Helm, right: str) -> None:
    role = helm.objects({"rbac": NONE | {right: True}})["ClusterRole"]
    assert role["rules"] == [{"apiGroups": [""], "resources": [right.lower()], "verbs": VERBS[right]}]


def test_without_any_right_there_is_no_role(helm: Helm) -> None:
    assert not {"ClusterRole", "ClusterRoleBinding"} & helm.objects({"rbac": NONE}).keys()


def test_a_binding_names_its_role_and_the_hub_of_this_namespace(helm: Helm) -> None:
    objects: dict[str, Any] = helm.objects({"hub": {"serviceAccount": "jhub-hub"}})
    binding = objects["ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == objects["ClusterRole"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "jhub-hub", "namespace": NAMESPACE}]
    # Two hubs on a cluster have a role each.
    assert NAMESPACE in binding["metadata"]["name"]
