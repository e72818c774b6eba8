"""EESSISpawner's own settings: a wrong one names the trait, the value and the fix."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets import TraitError

from tests.unit.spawner.pods import MakeSpawner, PodOf


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        (
            "eessi_attach",
            "ftp",
            "There is no way to attach called 'ftp'. Choose from: csi, ephemeral, fuse, host_path, nfs, none.",
        ),
        ("eessi_attach", {"way": "csi", "clam": "x"}, "has no setting 'clam'"),
        ("eessi_attach", {"way": "csi", "claim": "Not A Name"}, "name of a Kubernetes object"),
        ("eessi_attach", {"way": "nfs"}, "name of a Kubernetes object|host's name or address"),
        ("eessi_attach", ["csi", {"way": "nfs", "server": "h", "mount_path": "/cvmfs/x"}], "/cvmfs and /cvmfs/x"),
        ("eessi_attach", {"way": "csi", "static": "yes"}, "of type bool"),
        ("eessi_host_injections", {"claim": "a", "empty_dir": True}, "exactly one of"),
        ("eessi_host_injections", {"claims": "a"}, "no setting"),
    ],
)
def test_wrong_configuration_names_the_trait_the_value_and_the_fix(
    trait: str, value: Any, words: str, make_spawner: MakeSpawner
) -> None:
    with pytest.raises(TraitError, match=words) as raised:
        make_spawner(**{trait: value})
    assert f"c.EESSISpawner.{trait} = {value!r}" in str(raised.value)


def test_in_a_users_namespace_a_made_claim_is_the_servers_own(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    spawner = make_spawner({"enable_user_namespaces": True}, eessi_attach={"way": "csi", "storage_class": "cvmfs"})
    pod = pod_of(spawner)
    claim = pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert claim == f"{spawner.pod_name}-cvmfs"
