"""A client in the notebook container: the device and the privileges that it needs, and nothing else is changed."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.attach.fuse_device import FuseDeviceAttachment
from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch, apply_patch, with_privileges
from tests.contract.attached_pods import bare_pod

PATCH = FuseDeviceAttachment(device="github.com/fuse", repositories=("a.b", "c.d")).patch()
OWN = {
    "name": "notebook",
    "resources": {"limits": {"memory": "1G"}, "requests": {"cpu": "1"}},
    "securityContext": {"runAsUser": 1000, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
}


@pytest.mark.parametrize("own", [OWN, {"name": "notebook"}], ids=["with its own", "bare"])
def test_the_container_gets_the_device_the_privilege_and_the_mount_and_keeps_its_own(own: dict[str, Any]) -> None:
    container = with_privileges(own, PATCH)
    assert container["resources"]["limits"]["github.com/fuse"] == "1"
    assert container["securityContext"]["capabilities"]["add"] == ["SYS_ADMIN"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is True
    mounting = ["mount-repositories", "/cvmfs/a.b", "/cvmfs/c.d"]
    assert container["lifecycle"]["postStart"]["exec"]["command"] == mounting
    for part in ("resources", "securityContext", "lifecycle"):
        assert {*own.get(part, {})} <= {*container[part]}
    if own is OWN:
        assert container["resources"]["limits"]["memory"] == "1G"
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert "postStart" not in OWN["lifecycle"], "the configuration stays as it is"


def test_the_container_stays_a_model_for_the_admins_hook() -> None:
    pod = apply_patch(bare_pod(), PATCH, lambda _container: {"name": "notebook"})
    (container,) = pod.spec.containers
    assert container.name == "notebook"
    assert container.resources == {"limits": {"github.com/fuse": "1"}}


def test_a_container_with_a_command_of_its_own_after_the_start_is_refused() -> None:
    own = {"name": "notebook", "lifecycle": {"postStart": {"exec": {"command": ["mine"]}}}}
    with pytest.raises(InvalidChoiceError, match="has a command to run after its start already"):
        with_privileges(own, PATCH)


def test_additions_of_two_patches_are_all_made() -> None:
    patch = PATCH + PodPatch(devices={"a/b": "2"}, capabilities=("SYS_ADMIN", "SYS_NICE"))
    container = with_privileges({"name": "notebook"}, patch)
    assert container["resources"]["limits"] == {"github.com/fuse": "1", "a/b": "2"}
    assert container["securityContext"]["capabilities"]["add"] == ["SYS_ADMIN", "SYS_NICE"]
    assert "lifecycle" in container


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"device": "fuse"}, "expected to be a device plugin's resource, 'fuse' came."),
        ({"device": "github.com/fuse", "image": "i"}, "has no setting 'image'"),
        ({"device": "github.com/fuse", "repositories": []}, "expected to name repositories and one program"),
        ({"device": "github.com/fuse", "command": "mount it"}, "expected to name repositories and one program"),
        ({"device": "github.com/fuse", "repositories": ["x"]}, "The name of a repository was expected, 'x' came."),
    ],
)
def test_a_wrong_setting_says_what_was_expected(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_attachments({"way": "fuse", **settings})
    assert words in str(raised.value)
