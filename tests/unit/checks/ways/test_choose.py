"""Which ways to attach work on which cluster: in tables, and for any cluster."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.attach import ways
from eessi_spawner.checks.ways.choose import all_ways
from eessi_spawner.checks.ways.driver import DRIVER
from eessi_spawner.checks.ways.verdict import Verdict
from eessi_spawner.cluster.nodes import Node, Taint
from eessi_spawner.cluster.resources import Resources
from eessi_spawner.cluster.survey import Survey
from eessi_spawner.cluster.volumes import Claim, StorageClass, Volume

ROX = ("ReadOnlyMany",)
NODES = (Node("a"), Node("b"))
BARE = Survey("jhub", "", NODES, frozenset(), {"a": frozenset(), "b": frozenset()}, (), (), ())
DRIVEN = replace(BARE, drivers=frozenset({DRIVER}), node_drivers=dict.fromkeys("ab", frozenset({DRIVER})))
ROOT_VOLUME = Volume("v", driver=DRIVER, claim=("jhub", "cvmfs"))
CLAIMED = replace(DRIVEN, volumes=(ROOT_VOLUME,), claims=(Claim("cvmfs", "v", "", "Bound", ROX),))
EVERY_CODE = [verdict.code for verdict in all_ways(BARE)]


def verdict(seen: Survey, code: str) -> Verdict:
    (found,) = [found for found in all_ways(seen) if found.code == code]
    return found


def with_volume(volume: Volume, claim: str = "shared") -> Survey:
    return replace(
        BARE, volumes=(replace(volume, claim=("jhub", claim)),), claims=(Claim(claim, volume.name, "", "Bound", ROX),)
    )


def with_labels(**labels: str) -> Survey:
    return replace(BARE, nodes=(Node("a", MappingProxyType(labels)), Node("b")))


def with_device(name: str) -> Survey:
    return replace(BARE, nodes=(Node("a", allocatable=Resources(devices={name: 10.0})), Node("b")))


CLASSED = replace(DRIVEN, classes=(StorageClass("cvmfs", DRIVER),))
OF_EESSI = StorageClass("eessi", DRIVER, "software.eessi.io")
TABLE: list[tuple[Survey, str, str, str, dict[str, Any]]] = [
    # The driver.
    (BARE, "csi", "no", "not installed", {}),
    (replace(BARE, drivers=frozenset({DRIVER})), "csi", "no", "node plugin does not run", {}),
    (
        replace(CLAIMED, node_drivers=None),
        "csi",
        "unknown",
        "on which nodes it runs may not be seen",
        {"claim": "cvmfs"},
    ),
    (replace(BARE, node_drivers=None), "csi", "no", "not installed", {}),
    (
        replace(CLAIMED, node_drivers={"a": frozenset({DRIVER})}),
        "csi",
        "works",
        "1 node, but not on b",
        {"claim": "cvmfs"},
    ),
    (
        replace(
            CLAIMED,
            nodes=(Node("a"), Node("b", taints=(Taint("node-role.kubernetes.io/control-plane"),))),
            node_drivers={"a": frozenset({DRIVER})},
        ),
        "csi",
        "works",
        "runs on the one node",
        {"claim": "cvmfs"},
    ),
    # A claim to all repositories.
    (CLAIMED, "csi", "works", "runs on 2 nodes; claim cvmfs is bound", {"claim": "cvmfs"}),
    (DRIVEN, "csi", "needs", "has no claim", {"claim": "cvmfs"}),
    (CLASSED, "csi", "works", "makes the claim from class cvmfs", {"claim": "cvmfs", "storage_class": "cvmfs"}),
    (
        replace(CLASSED, claims=(Claim("x", "", "cvmfs", "Pending", ROX),)),
        "csi",
        "needs",
        "claim x is Pending",
        {"claim": "x"},
    ),
    (
        replace(CLASSED, claims=(Claim("x", "", "cvmfs", "Pending", ("ReadWriteMany",)),)),
        "csi",
        "needs",
        "x has ReadWriteMany",
        {},
    ),
    (replace(CLAIMED, claims=None), "csi", "unknown", "claims may not be seen", {}),
    (replace(CLAIMED, volumes=None), "csi", "unknown", "claim cvmfs is bound, and to what", {"claim": "cvmfs"}),
    # A volume of each pod's own.
    (CLASSED, "ephemeral", "works", "of class cvmfs", {"way": "ephemeral", "storage_class": "cvmfs"}),
    (DRIVEN, "ephemeral", "needs", "no StorageClass", {}),
    (replace(DRIVEN, classes=(OF_EESSI,)), "ephemeral", "needs", "no StorageClass", {}),
    (replace(CLASSED, classes=None), "ephemeral", "unknown", "classes may not be seen", {}),
    # One repository.
    (replace(DRIVEN, classes=(OF_EESSI,)), "csi_repository", "works", "from class eessi", {"storage_class": "eessi"}),
    (
        replace(DRIVEN, volumes=(replace(ROOT_VOLUME, repository="a.b"),), claims=CLAIMED.claims),
        "csi_repository",
        "works",
        "is bound to a.b; a pod has to start anew",
        {"claim": "cvmfs", "mount_path": "/cvmfs/a.b"},
    ),
    (CLAIMED, "csi_repository", "needs", "neither claim nor class", {}),
    # NFS.
    (with_volume(Volume("v", nfs="10.0.0.5:/cvmfs")), "nfs_claim", "works", "10.0.0.5:/cvmfs", {"claim": "shared"}),
    (with_volume(Volume("v", nfs="10.0.0.5:/home")), "nfs_claim", "needs", "no claim", {}),
    (
        with_volume(Volume("v", nfs="10.0.0.5:/"), "cvmfs-nfs"),
        "nfs_claim",
        "works",
        "10.0.0.5:/",
        {"claim": "cvmfs-nfs"},
    ),
    (replace(BARE, volumes=None), "nfs_claim", "unknown", "may not be seen", {}),
    (
        with_volume(Volume("eessi", nfs="10.0.0.5:/a/b")),
        "nfs",
        "works",
        "10.0.0.5",
        {"server": "10.0.0.5", "path": "/a/b"},
    ),
    (BARE, "nfs", "needs", "no server", {}),
    (replace(BARE, pod_security="baseline"), "nfs", "needs", "'baseline' of namespace jhub allows it", {}),
    (replace(BARE, pod_security="restricted"), "nfs", "no", "allows no volumes of type nfs", {}),
    (replace(BARE, pod_security=None), "nfs", "unknown", "has to be baseline", {}),
    # Directories of the nodes.
    (
        with_volume(Volume("v", path="/var/lib/cvmfs-k8s/x")),
        "shared_claim",
        "works",
        "/var/lib/cvmfs-k8s/x",
        {"claim": "shared"},
    ),
    (BARE, "shared_claim", "needs", "no claim to a directory", {}),
    (BARE, "host_path", "unknown", "cannot be seen from the API", {"way": "host_path"}),
    (with_labels(cvmfs="yes"), "host_path", "works", "cvmfs=yes is on 1 of 2 nodes (a)", {"node_label": "cvmfs=yes"}),
    (with_labels(cvmfs="false"), "host_path", "unknown", "no label says so", {}),
    (replace(BARE, pod_security="baseline"), "host_path", "no", "allows no volumes of type hostPath", {}),
    (replace(BARE, nodes=None), "host_path", "unknown", "nodes may not be seen", {}),
    # FUSE in the pod.
    (
        with_device("smarter-devices/fuse"),
        "fuse_device",
        "needs",
        "1 of 2 nodes offer smarter-devices/fuse",
        {"way": "none"},
    ),
    (with_device("nvidia.com/gpu"), "fuse_device", "no", "no node offers", {}),
    (BARE, "fuse", "needs", "privileged container", {"way": "fuse"}),
    (replace(BARE, pod_security="privileged"), "fuse", "needs", "'privileged' of namespace jhub allows it", {}),
    (replace(BARE, pod_security="baseline"), "fuse", "no", "allows no privileged containers", {}),
]


@pytest.mark.parametrize(
    ("seen", "code", "state", "words", "settings"),
    TABLE,
    ids=[f"{row[1]}-{number}" for number, row in enumerate(TABLE)],
)
def test_what_the_cluster_says_decides_a_way(
    seen: Survey, code: str, state: str, words: str, settings: dict[str, str]
) -> None:
    found = verdict(seen, code)
    assert (found.state, words in found.reason) == (state, True), found
    assert settings.items() <= dict(found.settings).items()


def test_every_way_is_in_the_table() -> None:
    assert {row[1] for row in TABLE} == set(EVERY_CODE)


def test_with_the_driver_and_a_claim_that_way_is_the_first() -> None:
    assert all_ways(CLAIMED)[0].code == "csi"


def test_a_namespace_that_is_not_there_is_told_and_not_taken_for_a_missing_right() -> None:
    seen = replace(BARE, pod_security=None, unseen={"namespace jhub": 'namespaces "jhub" not found'})
    assert verdict(seen, "host_path").advice == "There is no namespace jhub: name that of users' pods by --namespace."


NAMES = st.sampled_from(["a", "b", "cvmfs", "eessi"])
MODES = st.sampled_from([ROX, ("ReadWriteOnce",), ()])
LEVELS = st.sampled_from([None, "", "privileged", "baseline", "restricted", "else"])


def or_hidden(known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | known


def some(known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return or_hidden(st.lists(known, max_size=3).map(tuple))


DRIVERS = st.frozensets(st.sampled_from([DRIVER, "other"]))
CLASSES = st.builds(StorageClass, NAMES, st.sampled_from([DRIVER, "other"]), st.sampled_from(["", "software.eessi.io"]))
VOLUMES = st.builds(
    Volume,
    NAMES,
    st.sampled_from(["", DRIVER]),
    st.sampled_from(["", "software.eessi.io", "a.b"]),
    st.sampled_from(["", "h:/cvmfs", "h:/"]),
    st.sampled_from(["", "/cvmfs"]),
)
CLAIMS = st.builds(
    Claim, NAMES, st.just("") | NAMES, st.just("") | NAMES, st.sampled_from(["Bound", "Pending", ""]), MODES
)
SURVEYS = st.builds(
    Survey,
    st.just("jhub"),
    LEVELS,
    or_hidden(st.sampled_from([(), NODES, with_labels(cvmfs="yes").nodes, with_device("github.com/fuse").nodes])),
    or_hidden(DRIVERS),
    or_hidden(st.dictionaries(NAMES, DRIVERS, max_size=2)),
    some(CLASSES),
    some(VOLUMES),
    some(CLAIMS),
)


@given(SURVEYS)
def test_whatever_is_seen_each_way_has_one_verdict_that_says_what_to_do_and_what_works_comes_first(
    seen: Survey,
) -> None:
    found = all_ways(seen)
    assert sorted(one.code for one in found) == sorted(EVERY_CODE)
    order = ["works", "needs", "unknown", "no"]
    assert [one.state for one in found] == sorted((one.state for one in found), key=order.index)
    for one in found:
        assert one.advice or one.state == "works", one
        assert one.reason.endswith("."), one
        assert one.settings or one.state != "works", one


@given(SURVEYS)
def test_what_may_not_be_seen_makes_nothing_impossible(seen: Survey) -> None:
    blind = Survey("jhub")
    assert {one.state for one in all_ways(blind)} == {"unknown"}
    without_rights = replace(seen, drivers=None, node_drivers=None, pod_security=None)
    assert "no" not in {one.state for one in all_ways(without_rights)}


@given(SURVEYS)
def test_what_it_says_to_write_is_what_the_spawner_takes(seen: Survey) -> None:
    for one in all_ways(seen):
        if one.settings and one.settings["way"] in (*ways._WAYS, ways.NONE):
            attached = ways.parse_attachments(dict(one.settings))
            assert len(attached) == (one.settings["way"] != ways.NONE)
