"""Does cvmfs-csi run on the nodes? Asked of its object, and of what each kubelet knows."""

from __future__ import annotations

from dataclasses import dataclass

from eessi_spawner.checks.ways.verdict import State, names
from eessi_spawner.cluster.nodes import Node
from eessi_spawner.cluster.survey import Survey

DRIVER = "cvmfs.csi.cern.ch"
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


@dataclass(frozen=True)
class DriverState:
    """Whether the driver runs: `works`, `unknown` or `no`; why, and what to do."""

    state: State
    reason: str
    advice: str = ""


def driver_state(seen: Survey) -> DriverState:
    """Return whether cvmfs-csi can mount in users' pods."""
    if seen.node_drivers is None:
        if seen.drivers is None:
            reason = "Whether cvmfs-csi is installed may not be seen"
            return DriverState("unknown", reason, grant("csidrivers, csinodes"))
        if DRIVER in seen.drivers:
            reason = "cvmfs-csi is installed, and on which nodes it runs may not be seen"
            return DriverState("unknown", reason, grant("csinodes"))
        return _absent()
    having = {node for node, drivers in seen.node_drivers.items() if DRIVER in drivers}
    if not having:
        if DRIVER in (seen.drivers or ()):
            return DriverState(
                "no",
                "cvmfs-csi is installed, and no node's kubelet knows the driver: its node plugin does not run",
                "Look at the pods of its DaemonSet: kubectl get pods --all-namespaces -l app=cvmfs-csi",
            )
        return _absent()
    lacking = {node.name for node in user_nodes(seen)} - having
    if lacking:
        return DriverState(
            "works",
            f"cvmfs-csi runs on {_nodes(len(having))}, but not on {names([*lacking])}, where servers would wait for it",
            "Give the driver's DaemonSet the tolerations that users' pods have (nodeplugin.tolerations).",
        )
    return DriverState("works", f"cvmfs-csi runs on {'the one node' if len(having) == 1 else _nodes(len(having))}")


def user_nodes(seen: Survey) -> tuple[Node, ...]:
    """Return the nodes that take new pods and are not kept for the control plane."""
    return tuple(
        node
        for node in seen.nodes or ()
        if node.is_open and not any(taint.key in _CONTROL_PLANE for taint in node.taints)
    )


def grant(what: str) -> str:
    """Return what to do about something that may not be seen."""
    return f"Run this with an account that may list {what}."


def _absent() -> DriverState:
    return DriverState(
        "no",
        "cvmfs-csi is not installed: there is no node that knows the driver",
        "Install it (docs/admin/install.md): its node plugin is a privileged DaemonSet.",
    )


def _nodes(count: int) -> str:
    return f"{count} {'node' if count == 1 else 'nodes'}"
