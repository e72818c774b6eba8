"""Can EESSI be attached from an NFS server, or from a directory that the nodes share? By a claim, or by name."""

from __future__ import annotations

from collections.abc import Callable

from eessi_spawner.checks.ways.driver import grant, user_nodes
from eessi_spawner.checks.ways.pod_security import allowed, refusal
from eessi_spawner.checks.ways.verdict import LOOKS_LIKE_IT, Verdict, names
from eessi_spawner.cluster.survey import Survey
from eessi_spawner.cluster.volumes import Claim, Volume

_NFS_CLAIM = ("nfs_claim", "an NFS server, by a claim")
_SHARED = ("shared_claim", "a directory that the nodes share, by a claim")
_NFS = ("nfs", "an NFS server, named in the pod")
_HOST_PATH = ("host_path", "the nodes' own /cvmfs")

_LOOK = "kubectl debug node/NODE -it --image=busybox -- ls /host/cvmfs/software.eessi.io"


def nfs_claim(seen: Survey) -> Verdict:
    """Say whether there is a claim to an NFS server that looks like one of CernVM-FS."""
    if seen.claims is None or seen.volumes is None:
        return _unseen(_NFS_CLAIM)
    if found := _claim_to(seen, lambda volume: volume.nfs):
        claim, volume = found
        reason = f"Claim {claim.name} is bound to the NFS export {volume.nfs}, which looks like CernVM-FS by its name."
        return Verdict(*_NFS_CLAIM, "works", reason, "", {"way": "nfs", "claim": claim.name})
    return Verdict(
        *_NFS_CLAIM,
        "needs",
        f"Namespace {seen.namespace} has no claim to an NFS server of CernVM-FS.",
        "Where there is such a server, install our chart with helm-config/examples/nfs.yaml.",
    )


def shared_claim(seen: Survey) -> Verdict:
    """Say whether there is a claim to a directory of the nodes that looks like CernVM-FS."""
    if seen.claims is None or seen.volumes is None:
        return _unseen(_SHARED)
    if found := _claim_to(seen, lambda volume: volume.path):
        claim, volume = found
        reason = (
            f"Claim {claim.name} is bound to the nodes' directory {volume.path}; whether it is mounted is not seen."
        )
        return Verdict(*_SHARED, "works", reason, "", {"way": "csi", "claim": claim.name})
    return Verdict(
        *_SHARED,
        "needs",
        f"Namespace {seen.namespace} has no claim to a directory of the nodes that has CernVM-FS.",
        f"Where nodes mount it (see by: {_LOOK}), make a volume of type local or hostPath and its claim.",
    )


def nfs_by_name(seen: Survey) -> Verdict:
    """Say whether pods may name an NFS server: Pod Security `restricted` allows no such volumes."""
    if no := refusal(_NFS, seen, "baseline", "volumes of type nfs"):
        return no
    server = next((volume.nfs for volume in seen.volumes or () if volume.nfs and _is_it(volume)), "")
    if server:
        host, _, path = server.partition(":/")
        reason = f"{allowed(seen)} a volume names the NFS server {host}, which looks like one of CernVM-FS."
        return Verdict(*_NFS, "works", reason, "", {"way": "nfs", "server": host, "path": f"/{path}"})
    reason = f"{allowed(seen)} no server of CernVM-FS can be seen."
    return Verdict(*_NFS, "needs", reason, "Where there is one, write its host or address as 'server'.")


def host_path(seen: Survey) -> Verdict:
    """Say whether pods may have the nodes' directory, and whether labels say which nodes have it."""
    if no := refusal(_HOST_PATH, seen, "privileged", "volumes of type hostPath"):
        return no
    if seen.nodes is None:
        return Verdict(*_HOST_PATH, "unknown", f"{allowed(seen)} nodes may not be seen.", grant("nodes"))
    nodes = user_nodes(seen)
    having: dict[str, list[str]] = {}
    for node in nodes:
        for key, value in node.labels.items():
            if "cvmfs" in key.lower() and value.lower() not in {"false", "no", "0"}:
                having.setdefault(f"{key}={value}" if value else key, []).append(node.name)
    if having:
        label, found = max(sorted(having.items()), key=lambda item: len(item[1]))
        reason = f"{allowed(seen)} the label {label} is on {len(found)} of {len(nodes)} nodes ({names(found)})."
        return Verdict(*_HOST_PATH, "works", reason, "", {"way": "host_path", "node_label": label})
    return Verdict(
        *_HOST_PATH,
        "unknown",
        f"{allowed(seen)} whether nodes have /cvmfs cannot be seen from the API, and no label says so.",
        f"Look: {_LOOK}",
        {"way": "host_path"},
    )


def _claim_to(seen: Survey, source: Callable[[Volume], str]) -> tuple[Claim, Volume] | None:
    volumes = {volume.name: volume for volume in seen.volumes or () if source(volume)}
    for claim in sorted(seen.claims or (), key=lambda found: found.name):
        volume = volumes.get(claim.volume)
        if claim.phase == "Bound" and volume and (_is_it(volume) or LOOKS_LIKE_IT.search(claim.name)):
            return claim, volume
    return None


def _is_it(volume: Volume) -> bool:
    return bool(LOOKS_LIKE_IT.search(f"{volume.name} {volume.nfs} {volume.path}"))


def _unseen(way: tuple[str, str]) -> Verdict:
    what = "persistentvolumeclaims, persistentvolumes"
    return Verdict(*way, "unknown", "Claims and volumes may not be seen.", grant(what))
