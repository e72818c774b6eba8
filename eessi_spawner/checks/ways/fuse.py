"""Can a pod mount CernVM-FS itself? It needs /dev/fuse: of a device plugin, or with a privileged sidecar."""

from __future__ import annotations

from eessi_spawner.checks.ways.driver import grant, user_nodes
from eessi_spawner.checks.ways.pod_security import allowed, refusal
from eessi_spawner.checks.ways.verdict import Verdict
from eessi_spawner.cluster.survey import Survey

_DEVICE = ("fuse_device", "CernVM-FS in the user's image, with /dev/fuse of a device plugin")
_SIDECAR = ("fuse", "CernVM-FS in a privileged sidecar")
# smarter-devices/fuse, github.com/fuse and nextflow.io/fuse are names that device plugins give it.
_SUFFIX = "/fuse"


def fuse_device(seen: Survey) -> Verdict:
    """Say whether nodes offer /dev/fuse; mounting needs the capability SYS_ADMIN besides."""
    if no := refusal(_DEVICE, seen, "privileged", "capability SYS_ADMIN, which mounting takes"):
        return no
    if seen.nodes is None:
        return Verdict(*_DEVICE, "unknown", f"{allowed(seen)} nodes may not be seen.", grant("nodes"))
    nodes = user_nodes(seen)
    offered: dict[str, int] = {}
    for node in nodes:
        for name, count in node.allocatable.devices.items():
            if name.endswith(_SUFFIX) and count > 0:
                offered[name] = offered.get(name, 0) + 1
    if not offered:
        reason = f"{allowed(seen)} no node offers /dev/fuse as a device (such as smarter-devices/fuse)."
        return Verdict(*_DEVICE, "no", reason, "Install a device plugin for /dev/fuse.")
    name, count = max(sorted(offered.items()), key=lambda item: item[1])
    return Verdict(
        *_DEVICE,
        "needs",
        f"{allowed(seen)} {count} of {len(nodes)} nodes offer {name}. Each server keeps a cache of its own.",
        'Have an image that mounts EESSI itself, eessi_attach "none", the capability SYS_ADMIN in'
        f" c.KubeSpawner.container_security_context, and {name}: 1 in extra_resource_limits.",
        {"way": "none"},
    )


def fuse_sidecar(seen: Survey) -> Verdict:
    """Say whether the namespace allows privileged containers."""
    if no := refusal(_SIDECAR, seen, "privileged", "privileged containers"):
        return no
    return Verdict(
        *_SIDECAR,
        "needs",
        f"{allowed(seen)} users' pods would have a privileged container, and each server a cache of its own.",
        "Make the sidecar's image (images/fuse), and write its name.",
        {"way": "fuse", "image": "registry.example.org/eessi-spawner/fuse:0.1.0"},
    )
