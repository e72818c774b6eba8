"""An admin's settings become things to mount, or a sentence that says what to write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.attach.ephemeral import EphemeralAttachment
from eessi_spawner.attach.host_path import HostPathAttachment
from eessi_spawner.attach.nfs import NFSAttachment
from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.errors import InvalidChoiceError

WORDS = st.sampled_from(
    "csi ephemeral host_path nfs none claim server path mount_path static storage_class repository node_label way"
    " must_exist client_config shared_mount_id /cvmfs / a.b".split()
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("csi", [ClaimAttachment()]),
        ({"way": "csi"}, [ClaimAttachment("cvmfs", "/cvmfs", "", static=False)]),
        ({"way": "csi", "claim": "eessi", "storage_class": "cvmfs"}, [ClaimAttachment("eessi", storage_class="cvmfs")]),
        ({"way": "csi", "static": True}, [ClaimAttachment(static=True)]),
        ({"way": "nfs", "server": "10.0.0.9"}, [NFSAttachment("10.0.0.9", "/", "/cvmfs")]),
        ({"way": "nfs", "server": "fd00::9", "path": "/cvmfs"}, [NFSAttachment("fd00::9", "/cvmfs")]),
        ({"way": "nfs", "claim": "cvmfs-nfs"}, [ClaimAttachment("cvmfs-nfs")]),
        ("ephemeral", [EphemeralAttachment("cvmfs")]),
        ({"way": "ephemeral", "storage_class": "class"}, [EphemeralAttachment("class")]),
        ("host_path", [HostPathAttachment("/cvmfs")]),
        ({"way": "host_path", "path": "/srv", "node_label": "a"}, [HostPathAttachment("/srv", node_label="a")]),
        ({"way": "host_path", "claim": "shared"}, [ClaimAttachment("shared")]),
        (["csi"], [ClaimAttachment()]),
        ("none", []),
        ({"way": "none"}, []),
        ([], []),
    ],
)
def test_a_setting_is_read_as_what_it_mounts(value: Any, expected: list[Any]) -> None:
    assert list(parse_attachments(value)) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("CSI", "There is no way to attach called 'CSI'. Choose from: csi, ephemeral, fuse, host_path, nfs, none."),
        (None, "expected as a name or a mapping, 'None' came."),
        ({"claim": "cvmfs"}, "expected as a name or a mapping"),
        ({"way": "csi", "server": "h"}, "The way 'csi' has no setting 'server'. Its settings are: claim, mount_path,"),
        ({"way": "nfs", "claim": "a", "server": "h"}, "has no setting 'server'"),
        ({"way": "nfs"}, "expected to be a host's name or address, '' came."),
        ({"way": "nfs", "server": "a b"}, "'a b' came."),
        ({"way": "nfs", "server": "h", "path": "cvmfs"}, "The setting 'path' was expected to be an absolute path"),
        ({"way": "csi", "mount_path": "/cvmfs/"}, "without a slash at the end"),
        ({"way": "csi", "mount_path": "/cvmfs/../etc"}, "'/cvmfs/../etc' came."),
        ({"way": "csi", "mount_path": 1}, "expected to be of type str, 1 came."),
        ({"way": "csi", "static": 1}, "expected to be of type bool, 1 came."),
        ({"way": "csi", "claim": "Cvmfs"}, "expected to be the name of a Kubernetes object, 'Cvmfs' came."),
        ({"way": "csi", "claim": "a" * 254}, "name of a Kubernetes object"),
        ({"way": "csi", "static": True, "storage_class": "c"}, "Either 'storage_class' or 'static' was expected"),
    ],
)
def test_a_wrong_setting_says_what_was_expected_and_what_came(value: Any, words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_attachments(value)
    assert words in str(raised.value)


def at(*paths: str) -> list[dict[str, str]]:
    return [{"way": "csi", "claim": "c", "mount_path": path} for path in paths]


@pytest.mark.parametrize(
    "paths",
    [
        ("/cvmfs", "/cvmfs"),
        ("/cvmfs", "/cvmfs/software.eessi.io"),
        ("/cvmfs/a/b", "/other", "/cvmfs/a"),
        ("/cvmfs-x", "/cvmfs", "/cvmfs/x"),
    ],
)
def test_nothing_is_mounted_at_or_inside_another(paths: tuple[str, ...]) -> None:
    with pytest.raises(InvalidChoiceError, match="Two things would be mounted at"):
        parse_attachments(at(*paths))


@pytest.mark.parametrize(
    "paths",
    [
        ("/cvmfs", "/cvmfs-x"),
        ("/cvmfs/a", "/cvmfs/ab"),
        ("/cvmfs/a.b", "/cvmfs/a-b"),
        ("/cvmfs/a.b", "/cvmfs/a/b"),
        ("/cvmfs/A", "/cvmfs/a"),
        ("/x/" + "a" * 80, "/x/" + "a" * 81),
    ],
)
def test_volumes_side_by_side_have_names_of_their_own(paths: tuple[str, ...]) -> None:
    names = [attachment.patch().volumes[0]["name"] for attachment in parse_attachments(at(*paths))]
    assert len(set(names)) == len(paths)
    assert all(len(name) <= 63 and name == name.lower() for name in names)


def test_the_names_of_repositories_volumes_can_be_read() -> None:
    names = [found.patch().volumes[0]["name"] for found in parse_attachments(at("/cvmfs/software.eessi.io"))]
    assert names == ["eessi-cvmfs-software-eessi-io"]


@given(JSON)
def test_any_json_is_attached_or_refused(value: Any) -> None:
    try:
        attachments = parse_attachments(value)
    except InvalidChoiceError:
        pass
    else:
        for attachment in attachments:
            (mount,) = attachment.patch().volume_mounts
            assert mount["readOnly"] is True
            assert mount["mountPropagation"] == "HostToContainer"
            assert attachment.describe()
