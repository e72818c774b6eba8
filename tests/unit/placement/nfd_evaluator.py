"""What Node Feature Discovery makes of rules and features, as far as the rules for CPU targets need it.

Written from its `pkg/apis/nfd/nodefeaturerule/{rule,expression}.go` and `processNodeFeatureRule` of
`pkg/nfd-master/nfd-master.go`: itself it is a daemon with a database of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By the name of a feature: flags have no value.
Features = Mapping[str, Mapping[str, str | None]]


def labels_from(rule: Mapping[str, Any], features: Features) -> dict[str, str]:
    """Return the labels of a node: rules in their order, the labels of later ones over those of earlier ones."""
    assert rule["apiVersion"] == "nfd.k8s-sigs.io/v1alpha1"
    assert rule["kind"] == "NodeFeatureRule"
    labels: dict[str, str] = {}
    for one in rule["spec"]["rules"]:
        assert set(one) == {"name", "labels", "matchFeatures"}
        if all(term_matches(term, features) for term in one["matchFeatures"]):
            labels.update(one["labels"])
    return labels


def term_matches(term: Mapping[str, Any], features: Features) -> bool:
    """Say whether all expressions match; a feature that was not found matches none, not even DoesNotExist."""
    assert set(term) == {"feature", "matchExpressions"}
    elements = features.get(term["feature"])
    if elements is None:
        return False
    return all(
        expression_matches(expression, name in elements, elements.get(name))
        for name, expression in term["matchExpressions"].items()
    )


def expression_matches(expression: Mapping[str, Any], exists: bool, value: str | None) -> bool:  # noqa: FBT001
    op, values = expression["op"], expression.get("value", [])
    if op in ("Exists", "DoesNotExist"):
        assert not values, f"{op} takes no values"
        return exists is (op == "Exists")
    assert op in ("In", "NotIn"), f"{op} is not needed yet"
    assert values, f"{op} takes values"
    assert all(isinstance(one, str) for one in values)
    # A flag has no value to compare, and what is absent matches neither.
    return exists and value is not None and (value in values) is (op == "In")
