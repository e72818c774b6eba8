"""Volumes: classes, volumes and claims, as far as they can bring /cvmfs into pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class StorageClass:
    """A StorageClass; *repository* is the one that a class of cvmfs-csi is for, empty: all of them."""

    name: str
    provisioner: str = ""
    repository: str = ""


@dataclass(frozen=True)
class Volume:
    """A PersistentVolume.

    Attributes
    ----------
    driver
        Of a CSI volume.
    repository
        Of a volume of cvmfs-csi for one repository, which.
    nfs
        Of an NFS volume, `server:/path`.
    path
        Of a volume that is a directory of nodes.
    claim
        Namespace and name of its claim; empty where it has none.
    """

    name: str
    driver: str = ""
    repository: str = ""
    nfs: str = ""
    path: str = ""
    claim: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Claim:
    """A PersistentVolumeClaim of the namespace that was looked at; *volume* is empty until it is bound."""

    name: str
    volume: str = ""
    storage_class: str = ""
    phase: str = ""
    access_modes: tuple[str, ...] = ()


def class_from_json(data: Json) -> StorageClass:
    """Return the class that Kubernetes' JSON describes."""
    return StorageClass(_name(data), data.get("provisioner", ""), (data.get("parameters") or {}).get("repository", ""))


def volume_from_json(data: Json) -> Volume:
    """Return the volume that Kubernetes' JSON describes."""
    spec = data.get("spec") or {}
    csi, nfs = spec.get("csi") or {}, spec.get("nfs") or {}
    claim = spec.get("claimRef") or {}
    return Volume(
        _name(data),
        driver=csi.get("driver", ""),
        repository=(csi.get("volumeAttributes") or {}).get("repository", ""),
        nfs=f"{nfs.get('server', '')}:{nfs.get('path', '')}" if nfs else "",
        path=(spec.get("local") or spec.get("hostPath") or {}).get("path", ""),
        claim=(claim.get("namespace", ""), claim.get("name", "")),
    )


def claim_from_json(data: Json) -> Claim:
    """Return the claim that Kubernetes' JSON describes."""
    spec, status = data.get("spec") or {}, data.get("status") or {}
    return Claim(
        _name(data),
        volume=spec.get("volumeName") or "",
        storage_class=spec.get("storageClassName") or "",
        phase=status.get("phase", ""),
        access_modes=tuple(spec.get("accessModes") or ()),
    )


def _name(data: Json) -> str:
    return str((data.get("metadata") or {}).get("name", ""))
