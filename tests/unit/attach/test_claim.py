"""A claim of one repository, and what a volume made for it tells the driver."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.spawner.claims import volume_manifest

CONFIG = "CVMFS_SERVER_URL=http://s1.example.org/cvmfs/@fqrn@\n# ours\nCVMFS_HTTP_PROXY=DIRECT\n"
OWN_CLIENT = {"way": "csi", "static": True, "repository": "software.eessi.io", "client_config": CONFIG}


def parse(**settings: Any) -> ClaimAttachment:
    (found,) = parse_attachments({"way": "csi", **settings})
    assert isinstance(found, ClaimAttachment)
    return found


def test_a_repositorys_claim_has_its_name_and_its_place_unless_others_are_given() -> None:
    found = parse(repository="software.eessi.io")
    assert (found.claim, found.mount_path) == ("cvmfs-software.eessi.io", "/cvmfs/software.eessi.io")
    assert parse(repository="software.eessi.io", claim="eessi").claim == "eessi"
    assert parse(repository="software.eessi.io", mount_path="/eessi").mount_path == "/eessi"


@pytest.mark.parametrize(
    ("settings", "attributes"),
    [
        ({}, None),
        ({"repository": "software.eessi.io"}, {"repository": "software.eessi.io"}),
        (
            {"repository": "software.eessi.io", "client_config": CONFIG},
            {"repository": "software.eessi.io", "clientConfig": CONFIG},
        ),
        (
            {"repository": "software.eessi.io", "client_config": CONFIG, "shared_mount_id": "eessi"},
            {"repository": "software.eessi.io", "clientConfig": CONFIG, "sharedMountID": "eessi"},
        ),
    ],
    ids=["root", "repository", "clientConfig", "sharedMountID"],
)
def test_a_static_volume_has_the_attributes_that_the_driver_reads(
    settings: dict[str, str], attributes: dict[str, str] | None
) -> None:
    volume = volume_manifest("hub", parse(static=True, **settings))
    assert volume["spec"]["csi"].get("volumeAttributes") == attributes


def test_volumes_of_two_namespaces_share_a_client_and_no_handle() -> None:
    found = parse(**{**OWN_CLIENT, "shared_mount_id": "eessi"})
    one, other = (volume_manifest(namespace, found)["spec"]["csi"] for namespace in ("a", "b"))
    assert one["volumeHandle"] != other["volumeHandle"]
    assert one["volumeAttributes"] == other["volumeAttributes"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"repository": "/cvmfs/software.eessi.io"}, "The name of a repository was expected"),
        ({"repository": "software"}, "The name of a repository was expected"),
        ({"client_config": CONFIG}, "expected together with 'static' and 'repository'"),
        ({"repository": "a.b", "client_config": CONFIG}, "expected together with 'static' and 'repository'"),
        ({**OWN_CLIENT, "client_config": "DIRECT"}, "expected to have lines CVMFS_NAME=value, 'DIRECT' came."),
        ({"static": True, "repository": "a.b", "shared_mount_id": "x"}, "together with 'client_config', 'x' came."),
        ({**OWN_CLIENT, "shared_mount_id": "../x"}, "together with 'client_config', '../x' came."),
        ({"way": "nfs", "claim": "a", "static": True}, "The way 'nfs' has no setting 'static'."),
        ({"way": "host_path", "claim": "a", "path": "/cvmfs"}, "The way 'host_path' has no setting 'path'."),
    ],
)
def test_what_the_driver_would_not_take_is_refused_when_the_hub_starts(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_attachments({"way": "csi", **settings})
    assert words in str(raised.value)
