"""A pod goes to the nodes that its requirements and its own terms select, and to no others."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.pod import and_into
from tests.unit.affinity import REQUIRED, Json, all_hold, selects

ZEN3: Json = {"key": "cpu.eessi.io/runs.x86-64.amd.zen3", "operator": "Exists"}
USERS: Json = {"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}
POOL: Json = {"key": "pool", "operator": "In", "values": ["a"]}


def required(*terms: Json) -> dict[str, Any]:
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}


def term(*expressions: Json) -> dict[str, Any]:
    return {"matchExpressions": list(expressions)}


FIELD: Json = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
PREFERRED: Json = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": term(USERS)}]}

ANDED: dict[str, tuple[Json | None, list[Json], Json]] = {
    "a pod without terms gets one": (None, [POOL], required(term(POOL))),
    "every term gets it": (required(term(USERS), term(ZEN3)), [POOL], required(term(USERS, POOL), term(ZEN3, POOL))),
    "a term of fields gets it": (required(FIELD), [POOL], required({**FIELD, **term(POOL)})),
    "an empty term stays": (required({}, term(USERS)), [POOL], required({}, term(USERS, POOL))),
    "a list without terms stays": (required(), [POOL], required()),
    "null is none": ({"nodeAffinity": {REQUIRED: None}}, [POOL], required(term(POOL))),
    "what is there is not said twice": (required(term(POOL)), [POOL, ZEN3], required(term(POOL, ZEN3))),
    "all else stays": (
        {"podAffinity": {"a": 1}, "nodeAffinity": PREFERRED},
        [POOL],
        {"podAffinity": {"a": 1}, "nodeAffinity": {**PREFERRED, **required(term(POOL))["nodeAffinity"]}},
    ),
}


@pytest.mark.parametrize(("affinity", "requirements", "expected"), ANDED.values(), ids=ANDED)
def test_requirements_are_anded(affinity: Json | None, requirements: list[Json], expected: Json) -> None:
    before = copy.deepcopy(affinity)
    assert and_into(affinity, requirements) == expected
    assert affinity == before, "the admin's own is shared by all pods"


KEYS, VALUES = st.sampled_from("abc"), st.sampled_from(["1", "2", "x"])
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries(
        {"key": KEYS, "operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(VALUES, min_size=1, max_size=2)}
    ),
    st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
    st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Gt", "Lt"]), "values": st.just(["1"])}),
)
FIELDS = st.fixed_dictionaries(
    {"key": st.just("metadata.name"), "operator": st.just("In"), "values": st.lists(st.sampled_from("mn"), min_size=1)}
)
TERMS = st.fixed_dictionaries(
    {}, optional={"matchExpressions": st.lists(EXPRESSIONS, max_size=2), "matchFields": st.lists(FIELDS, max_size=1)}
)
AFFINITIES = st.none() | st.lists(TERMS, max_size=3).map(lambda terms: required(*terms))
LABELS = st.dictionaries(KEYS, VALUES)


@given(AFFINITIES, st.lists(EXPRESSIONS, max_size=3), LABELS, st.sampled_from("mn"))
def test_a_node_is_selected_exactly_if_it_was_and_meets_all_requirements(
    affinity: Json | None, requirements: list[Json], labels: dict[str, str], name: str
) -> None:
    anded = and_into(affinity, requirements)
    assert selects(anded, labels, name) == (selects(affinity, labels, name) and all_hold(requirements, labels))
    assert and_into(anded, requirements) == anded


@given(affinity=AFFINITIES, labels=LABELS, name=st.sampled_from("mn"), runs=st.booleans())
def test_a_pinned_pod_goes_only_where_the_pin_runs(
    affinity: Json | None, labels: dict[str, str], name: str, *, runs: bool
) -> None:
    node = {**labels, **({ZEN3["key"]: "true"} if runs else {})}
    pinned = and_into(affinity, [ZEN3])
    assert selects(pinned, node, name) == (runs and selects(affinity, node, name))
