"""The hub gets the rights that the guide names, each by a switch of its own, and none where none is wanted."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, NAMESPACE, Helm

POOLS_PAGE = (CHART.parents[1] / "docs/admin/pools.md").read_text(encoding="utf-8")
NONE = {"nodes": False, "pods": False, "persistentVolumes": False, "checks": False}
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


def test_the_doctor_s_switch_lets_the_hub_see_what_a_survey_lists_and_change_nothing(helm: Helm) -> None:
    rules = helm.objects({"rbac": NONE | {"checks": True}})["ClusterRole"]["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "get"}
    # eessi_spawner/cluster/survey.py; nodes have a switch of their own, claims are in the hub's namespace.
    assert {resource for rule in rules for resource in rule["resources"]} == {
        "csidrivers",
        "csinodes",
        "namespaces",
        "persistentvolumes",
        "storageclasses",
    }
    (named,) = [rule["resourceNames"] for rule in rules if "resourceNames" in rule]
    assert named == [NAMESPACE]


def test_without_any_right_there_is_no_role(helm: Helm) -> None:
    assert not {"ClusterRole", "ClusterRoleBinding"} & helm.objects({"rbac": NONE}).keys()


def test_a_binding_names_its_role_and_the_hub_of_this_namespace(helm: Helm) -> None:
    objects: dict[str, Any] = helm.objects({"hub": {"serviceAccount": "jhub-hub"}})
    binding = objects["ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == objects["ClusterRole"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "jhub-hub", "namespace": NAMESPACE}]
    # Two hubs on a cluster have a role each.
    assert NAMESPACE in binding["metadata"]["name"]
