"""Taints and tolerations, with the meaning that Kubernetes gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.errors import InvalidChoiceError

Json = Mapping[str, Any]

_KEYS = {"key": str, "operator": str, "value": str, "effect": str, "tolerationSeconds": int}
_OPERATORS = ("Exists", "Equal")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def not_tolerated(taints: Iterable[Taint], tolerations: Sequence[Json]) -> tuple[Taint, ...]:
    """Return those of *taints* that keep a pod with *tolerations* away."""
    return tuple(
        taint
        for taint in taints
        if taint.effect != "PreferNoSchedule" and not any(_tolerates(found, taint) for found in tolerations)
    )


def tolerated(taints: Iterable[Taint], tolerations: Sequence[Json]) -> bool:
    """Say whether a pod with *tolerations* may run on a node with *taints*."""
    return not not_tolerated(taints, tolerations)


def _tolerates(toleration: Json, taint: Taint) -> bool:
    """Decide as `ToleratesTaint` of Kubernetes does (`k8s.io/api/core/v1/toleration.go`)."""
    if toleration.get("effect") and toleration["effect"] != taint.effect:
        return False
    if toleration.get("key") and toleration["key"] != taint.key:
        return False
    operator = toleration.get("operator") or "Equal"
    return operator == "Exists" or (operator == "Equal" and (toleration.get("value") or "") == taint.value)


def parse_toleration(value: object) -> Json:
    """Return *value*, which is a toleration as Kubernetes takes them.

    Raises
    ------
    InvalidChoiceError
        If it is none (`ValidateTolerations`, `pkg/apis/core/validation/validation.go`).
    """
    problem = _problem(value) if isinstance(value, Mapping) else "a mapping was expected"
    if problem:
        raise InvalidChoiceError(
            f"{value!r:.100} is no toleration: {problem}.",
            advice='Write it as Kubernetes does: {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}.',
        )
    return dict(value)  # type: ignore[call-overload,no-any-return]


def _problem(toleration: Json) -> str:
    """Return what is wrong with a toleration; empty if nothing is."""
    for key, value in toleration.items():
        if key not in _KEYS:
            return f"it has no key {str(key)[:50]!r}, only {', '.join(_KEYS)}"
        if type(value) is not _KEYS[key]:
            return f"'{key}' must be of type {_KEYS[key].__name__}"
    operator = toleration.get("operator") or "Equal"
    if operator not in _OPERATORS:
        return f"'operator' must be {' or '.join(_OPERATORS)}"
    if toleration.get("effect") and toleration["effect"] not in _EFFECTS:
        return f"'effect' must be one of {', '.join(_EFFECTS)}"
    if operator == "Exists" and toleration.get("value"):
        return "with the operator Exists it has no 'value'"
    if operator == "Equal" and not toleration.get("key"):
        return "without a 'key' its operator must be Exists"
    if "tolerationSeconds" in toleration and toleration.get("effect") != "NoExecute":
        return "'tolerationSeconds' needs the effect NoExecute"
    return ""
