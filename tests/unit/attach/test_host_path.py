"""A directory of the node, and of those nodes alone that have it."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.attach.host_path import HostPathAttachment
from eessi_spawner.errors import InvalidChoiceError


@pytest.mark.parametrize(
    ("label", "requirements"),
    [
        ("", ()),
        ("cvmfs", ({"key": "cvmfs", "operator": "Exists"},)),
        ("cvmfs=yes", ({"key": "cvmfs", "operator": "In", "values": ["yes"]},)),
        ("cvmfs=", ({"key": "cvmfs", "operator": "In", "values": [""]},)),
        ("site.example.org/cvmfs=2", ({"key": "site.example.org/cvmfs", "operator": "In", "values": ["2"]},)),
    ],
)
def test_only_nodes_of_the_label_are_chosen(label: str, requirements: tuple[Any, ...]) -> None:
    assert HostPathAttachment(node_label=label).patch().requirements == requirements


@pytest.mark.parametrize("label", ["a b", "=yes", "a/b/c", "-a", "a=b=c", "/a", "a" * 64])
def test_a_label_that_kubernetes_would_refuse_is_refused(label: str) -> None:
    with pytest.raises(InvalidChoiceError, match="expected to be a label of nodes"):
        HostPathAttachment(node_label=label)


def test_kubelet_makes_sure_that_the_directory_exists_unless_it_cannot_see_it() -> None:
    for must_exist, kind in ((True, "Directory"), (False, "")):
        (volume,) = HostPathAttachment(must_exist=must_exist).patch().volumes
        assert volume["hostPath"] == {"path": "/cvmfs", "type": kind}
