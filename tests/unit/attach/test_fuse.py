"""A client in the pod: a sidecar that mounts, and a notebook container that sees what it mounts and no more."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.attach.fuse import FuseAttachment
from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.errors import InvalidChoiceError

IMAGE = "registry.example.org/fuse:1"


def sidecar(**settings: Any) -> Any:
    (container,) = FuseAttachment(image=IMAGE, **settings).patch().init_containers
    return container


def test_the_client_starts_before_the_server_and_runs_as_long_as_it() -> None:
    container = sidecar(repositories=("a.b", "c.d"))
    assert container["restartPolicy"] == "Always"
    assert container["startupProbe"]["exec"]["command"] == ["wait-for-repositories", "a.b", "c.d"]
    assert container["command"] == ["serve-repositories", "a.b", "c.d"]


def test_only_the_client_is_privileged_and_only_it_gives_mounts_to_others() -> None:
    patch = FuseAttachment(image=IMAGE).patch()
    (container,) = patch.init_containers
    assert container["securityContext"]["privileged"] is True
    (theirs,) = patch.volume_mounts
    (ours,) = [mount for mount in container["volumeMounts"] if mount["name"] == theirs["name"]]
    assert (ours["mountPropagation"], theirs["mountPropagation"]) == ("Bidirectional", "HostToContainer")
    assert theirs["readOnly"] is True


def test_kubernetes_expands_nothing_in_the_clients_configuration() -> None:
    (variable,) = sidecar(client_config='CVMFS_SERVER_URL="$(A)"')["env"]
    assert variable["value"] == 'CVMFS_SERVER_URL="$$(A)"'


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "expected to be the image of the sidecar, '' came."),
        ({"image": "a b"}, "expected to be the image of the sidecar, 'a b' came."),
        ({"image": IMAGE, "repositories": []}, "expected to name repositories, none came."),
        ({"image": IMAGE, "repositories": ["../x"]}, "The name of a repository was expected, '../x' came."),
        ({"image": IMAGE, "repositories": "a.b"}, "expected to be a list of texts, 'a.b' came."),
        ({"image": IMAGE, "repositories": ["a.b", 1]}, "expected to be a list of texts"),
        ({"image": IMAGE, "client_config": "DIRECT"}, "expected to have lines CVMFS_NAME=value"),
    ],
)
def test_a_wrong_setting_says_what_was_expected(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_attachments({"way": "fuse", **settings})
    assert words in str(raised.value)


def test_a_pod_has_one_client() -> None:
    two = [{"way": "fuse", "image": IMAGE, "mount_path": path} for path in ("/cvmfs", "/elsewhere")]
    with pytest.raises(InvalidChoiceError, match="a pod has one"):
        parse_attachments(two)
