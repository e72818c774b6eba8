"""Which way is best here? All of them, in order."""

from __future__ import annotations

from eessi_spawner.checks.ways.csi import csi_claim, csi_repository, ephemeral
from eessi_spawner.checks.ways.elsewhere import host_path, nfs_by_name, nfs_claim, shared_claim
from eessi_spawner.checks.ways.fuse import fuse_device, fuse_sidecar
from eessi_spawner.checks.ways.verdict import State, Verdict
from eessi_spawner.cluster.survey import Survey

# Best first, where all work: what heals in a running pod and shares one cache a node comes before what does not, what
# needs no privileges in pods before what does.
_WAYS = (
    csi_claim,
    ephemeral,
    shared_claim,
    host_path,
    csi_repository,
    nfs_claim,
    nfs_by_name,
    fuse_device,
    fuse_sidecar,
)
_STATES: tuple[State, ...] = ("works", "needs", "unknown", "no")


def all_ways(seen: Survey) -> tuple[Verdict, ...]:
    """Return a verdict for each way, those that work first, and of these the best first."""
    return tuple(sorted((way(seen) for way in _WAYS), key=lambda verdict: _STATES.index(verdict.state)))
