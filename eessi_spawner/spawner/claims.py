"""Makes the claims that a server needs, before its pod, and removes those that go with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from kubernetes_asyncio.client import ApiException

from eessi_spawner.attach.claim import ClaimAttachment
from eessi_spawner.attach.mounts import ACCESS_MODES, SIZE
from eessi_spawner.checks.refusal import explain_refusal
from eessi_spawner.errors import ClaimError

DRIVER = "cvmfs.csi.cern.ch"

_GONE, _CONFLICT = 404, 409
_MADE_BY = {"app.kubernetes.io/managed-by": "eessi-spawner"}


async def make_claim(api: Any, namespace: str, attachment: ClaimAttachment, *, seconds: float) -> None:
    """Make the claim of *attachment* in *namespace*, and its volume if it is static; one that exists is kept.

    Raises
    ------
    ClaimError
        If the cluster refuses it.
    asyncio.TimeoutError
        If the cluster does not answer, or still removes what had the name before: ask again.
    """
    try:
        # Asked first: where a quota is used up, making what exists already is refused by 403 instead of 409.
        if await _exists(api, namespace, attachment.claim, seconds):
            return
        if attachment.static:
            await _make_volume(api, namespace, attachment, seconds)
        manifest = claim_manifest(namespace, attachment)
        await _create(api.create_namespaced_persistent_volume_claim(namespace, manifest), seconds)
    except ApiException as error:
        refusal = explain_refusal(error.status, error.body)
        raise ClaimError(
            f"The volume claim {attachment.claim} could not be made. {refusal.message}",
            advice=refusal.advice,
            details=refusal.details,
        ) from error


async def remove_claim(api: Any, namespace: str, attachment: ClaimAttachment, *, seconds: float) -> None:
    """Remove the claim of *attachment*, and its volume if it is static; what is gone already is fine."""
    await _delete(api.delete_namespaced_persistent_volume_claim(attachment.claim, namespace), seconds)
    if attachment.static:
        await _delete(api.delete_persistent_volume(_volume_name(namespace, attachment)), seconds)


def claim_manifest(namespace: str, attachment: ClaimAttachment) -> Mapping[str, Any]:
    """Return the claim as Kubernetes' JSON."""
    spec: dict[str, Any] = {"accessModes": list(ACCESS_MODES), "resources": {"requests": dict(SIZE)}}
    if attachment.static:
        # An empty class keeps a default StorageClass from making another volume.
        spec |= {"storageClassName": "", "volumeName": _volume_name(namespace, attachment)}
    else:
        spec["storageClassName"] = attachment.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": attachment.claim, "namespace": namespace, "labels": _MADE_BY},
        "spec": spec,
    }


def volume_manifest(namespace: str, attachment: ClaimAttachment) -> Mapping[str, Any]:
    """Return the static volume of cvmfs-csi for the claim as Kubernetes' JSON; its handle is its own."""
    name = _volume_name(namespace, attachment)
    source: dict[str, Any] = {"driver": DRIVER, "volumeHandle": name, "readOnly": True}
    if attachment.attributes:
        source["volumeAttributes"] = dict(attachment.attributes)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": _MADE_BY},
        "spec": {
            "accessModes": list(ACCESS_MODES),
            "capacity": dict(SIZE),
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "claimRef": {"namespace": namespace, "name": attachment.claim},
            "csi": source,
        },
    }


def _volume_name(namespace: str, attachment: ClaimAttachment) -> str:
    return f"eessi-{namespace}-{attachment.claim}"


async def _exists(api: Any, namespace: str, claim: str, seconds: float) -> bool:
    try:
        found = await asyncio.wait_for(api.read_namespaced_persistent_volume_claim(claim, namespace), seconds)
    except ApiException as error:
        if error.status != _GONE:
            raise
        return False
    if found.metadata.deletion_timestamp is not None:
        # The last server's: it goes a moment after its pod, and a new pod would wait for it in vain.
        raise asyncio.TimeoutError
    return True


async def _make_volume(api: Any, namespace: str, attachment: ClaimAttachment, seconds: float) -> None:
    """Make the static volume; one whose claim has gone is bound to that one for ever, and is made anew."""
    if await _create(api.create_persistent_volume(volume_manifest(namespace, attachment)), seconds):
        return
    name = _volume_name(namespace, attachment)
    try:
        found = await asyncio.wait_for(api.read_persistent_volume(name), seconds)
    except ApiException:
        # It has just gone, or the hub may not look.
        return
    if found.metadata.deletion_timestamp is None:
        if found.status.phase != "Released":
            return
        await _delete(api.delete_persistent_volume(name), seconds)
    raise asyncio.TimeoutError


async def _create(request: Any, seconds: float) -> bool:
    """Return whether it was made; False where it exists."""
    try:
        await asyncio.wait_for(request, seconds)
    except ApiException as error:
        if error.status != _CONFLICT:
            raise
        return False
    return True


async def _delete(request: Any, seconds: float) -> None:
    try:
        await asyncio.wait_for(request, seconds)
    except ApiException as error:
        if error.status != _GONE:
            raise
