"""Tolerations mean what Kubernetes means by them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.cluster.nodes import Taint
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.taints import not_tolerated, parse_toleration, tolerated

GPU = Taint("nvidia.com/gpu", "present", "NoSchedule")

TABLE: list[tuple[dict[str, Any], bool]] = [
    ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
    ({"key": "nvidia.com/gpu", "operator": "Exists"}, True),
    ({"operator": "Exists"}, True),
    ({"key": "", "operator": "Exists", "effect": ""}, True),
    ({"operator": "Exists", "effect": "NoExecute"}, False),
    ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, False),
    ({"key": "amd.com/gpu", "operator": "Exists"}, False),
    ({"key": "nvidia.com/gpu", "operator": "Equal", "value": "present"}, True),
    ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, True),
    ({"key": "nvidia.com/gpu", "operator": "Equal", "value": "absent"}, False),
    ({"key": "nvidia.com/gpu"}, False),
    ({"key": "nvidia.com/gpu", "operator": "Gt", "value": "1"}, False),
]


@pytest.mark.parametrize(("toleration", "expected"), TABLE)
def test_a_toleration_matches_as_in_kubernetes(toleration: dict[str, Any], *, expected: bool) -> None:
    assert tolerated([GPU], [toleration]) is expected


def test_an_equal_toleration_without_a_value_matches_a_taint_without_one() -> None:
    assert tolerated([Taint("a")], [{"key": "a"}])


def test_every_taint_needs_a_toleration_and_those_without_are_named() -> None:
    own = Taint("dedicated", "b", "NoExecute")
    assert not_tolerated([GPU, own], [{"key": "dedicated", "operator": "Exists"}]) == (GPU,)
    assert not_tolerated([], []) == ()


def test_a_preference_keeps_no_pod_away() -> None:
    assert tolerated([Taint("a", "", "PreferNoSchedule")], [])


@pytest.mark.parametrize("toleration", [entry for entry, _ in TABLE if entry.get("operator") != "Gt"])
def test_what_kubernetes_takes_is_kept_as_it_is(toleration: dict[str, Any]) -> None:
    assert parse_toleration(toleration) == toleration


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("gpu", "a mapping was expected"),
        ({"Key": "gpu"}, "it has no key 'Key', only key, operator"),
        ({"key": 1}, "'key' must be of type str"),
        ({"key": "a", "operator": "exists"}, "'operator' must be Exists or Equal"),
        ({"key": "a", "effect": "noSchedule"}, "'effect' must be one of NoSchedule, PreferNoSchedule, NoExecute"),
        ({"key": "a", "operator": "Exists", "value": "b"}, "with the operator Exists it has no 'value'"),
        ({}, "without a 'key' its operator must be Exists"),
        ({"key": "a", "tolerationSeconds": True, "effect": "NoExecute"}, "'tolerationSeconds' must be of type int"),
        ({"key": "a", "tolerationSeconds": 5}, "'tolerationSeconds' needs the effect NoExecute"),
    ],
)
def test_what_kubernetes_would_refuse_is_refused_before(value: Any, words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_toleration(value)
    assert words in raised.value.message


@given(st.lists(st.sampled_from([GPU, Taint("a"), Taint("a", "b", "NoExecute")])), st.lists(st.sampled_from(TABLE)))
def test_more_tolerations_never_keep_a_pod_away(taints: list[Taint], rows: list[tuple[dict[str, Any], bool]]) -> None:
    tolerations = [toleration for toleration, _ in rows]
    for length in range(len(tolerations)):
        if tolerated(taints, tolerations[:length]):
            assert tolerated(taints, tolerations)
