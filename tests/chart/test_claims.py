"""The chart's claims are those that the spawner would make, so that either may be there first."""

from __future__ import annotations

from typing import Any

import pytest

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.spawner.claims import claim_manifest, volume_manifest
from tests.chart.helm import NAMESPACE, Helm

CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"


def without_labels(manifest: Any) -> dict[str, Any]:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "labels"}
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize("name", ["cvmfs", "eessi.site-1"])
def test_a_static_claim_and_its_volume_are_the_spawners(helm: Helm, name: str) -> None:
    objects = helm.objects({"attach": {"claim": name}})
    attachment = ClaimAttachment(claim=name, static=True)
    assert without_labels(objects[CLAIM]) == without_labels(claim_manifest(NAMESPACE, attachment))
    assert without_labels(objects[VOLUME]) == without_labels(volume_manifest(NAMESPACE, attachment))


@pytest.mark.parametrize("is_made", [True, False])
def test_a_claim_from_a_class_is_the_spawners_and_the_class_may_exist_already(helm: Helm, *, is_made: bool) -> None:
    settings = {"volume": "storageClass", "storageClass": {"create": is_made, "name": "site"}}
    objects = helm.objects({"attach": {"csi": settings}})
    attachment = ClaimAttachment(storage_class="site")
    assert without_labels(objects[CLAIM]) == without_labels(claim_manifest(NAMESPACE, attachment))
    assert VOLUME not in objects
    assert ("StorageClass" in objects) is is_made
    if is_made:
        assert objects["StorageClass"]["metadata"]["name"] == "site"


def test_a_claim_of_nfs_is_bound_to_its_volume_and_to_no_other(helm: Helm) -> None:
    nfs = {"server": "10.0.0.5", "path": "/export", "mountOptions": ["nfsvers=4", "soft"]}
    objects = helm.objects({"attach": {"way": "nfs", "nfs": nfs}})
    volume, claim = objects[VOLUME], objects[CLAIM]
    assert volume["spec"]["nfs"] == {"server": "10.0.0.5", "path": "/export", "readOnly": True}
    assert volume["spec"]["mountOptions"] == ["nfsvers=4", "soft"]
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert volume["spec"]["claimRef"] == {"namespace": NAMESPACE, "name": claim["metadata"]["name"]}
    assert volume["spec"]["accessModes"] == claim["spec"]["accessModes"] == ["ReadOnlyMany"]


def test_without_a_way_to_attach_there_is_no_claim(helm: Helm) -> None:
    assert not {CLAIM, VOLUME, "StorageClass"} & helm.objects({"attach": {"way": "none"}}).keys()
