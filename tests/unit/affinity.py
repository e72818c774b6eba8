"""Which nodes Kubernetes selects, by the rules of `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def holds(expression: Json, labels: Mapping[str, str]) -> bool:
    there, values = labels.get(expression["key"]), expression.get("values", [])
    match expression["operator"]:
        case "In":
            return there in values
        case "NotIn":
            return there not in values
        case "Exists":
            return there is not None
        case "DoesNotExist":
            return there is None
        case "Gt":
            return there is not None and there.isdigit() and int(there) > int(values[0])
        case "Lt":
            return there is not None and there.isdigit() and int(there) < int(values[0])
    raise AssertionError(expression)


def all_hold(expressions: list[Json] | tuple[Json, ...], labels: Mapping[str, str]) -> bool:
    return all(holds(expression, labels) for expression in expressions)


def selects(affinity: Json | None, labels: Mapping[str, str], name: str = "") -> bool:
    """Say whether a pod with *affinity* may go to a node; the only field that terms know is its name."""
    required = ((affinity or {}).get("nodeAffinity") or {}).get(REQUIRED)
    if required is None:
        return True
    for term in required["nodeSelectorTerms"]:
        expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
        if (expressions or fields) and all_hold(expressions, labels) and all_hold(fields, {"metadata.name": name}):
            return True
    return False
