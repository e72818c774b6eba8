"""What events say of the ways to attach EESSI: the volume driver's refusals, directories that are not there."""

from __future__ import annotations

from eessi_spawner.checks.event_rule import ASK, rule

# What a driver calls an invalid argument it rarely takes later.
REFUSAL_PATIENCE = 10.0
# A DaemonSet may bring the directory a moment after the node came.
DIRECTORY_PATIENCE = 30.0
# Servers and proxies may be away for a moment; kubelet waits 10, then 20 seconds between two tries.
CLIENT_PATIENCE = 60.0

# The first that matches counts. Sources: cvmfs-csi, internal/cvmfs/node/csiserver.go and singlemount; images/fuse; and
# kubernetes, pkg/scheduler/framework/plugins/noderesources/fit.go, pkg/volume/hostpath/host_path.go,
# pkg/volume/local/local.go, pkg/kubelet/prober and pkg/kubelet/kuberuntime.
ATTACH_RULES = (
    rule(
        "FailedScheduling",
        r"Insufficient (?P<device>[a-z0-9.-]+/[\w.-]*fuse[\w-]*)",
        "device_missing",
        "No node has the device {device} free, with which the server mounts EESSI; waiting for one.",
        ASK + ": its device plugin has to run on the nodes, with a device for each server.",
    ),
    rule(
        "FailedMount FailedAttachVolume",
        r"volume access mode must be ReadOnlyMany",
        "access_mode",
        "The claim to EESSI has an access mode that the volume driver does not take.",
        ASK + ": the claim and its volume have to be made anew, with ReadOnlyMany alone.",
        0.0,
    ),
    rule(
        "FailedMount FailedAttachVolume",
        r"code = InvalidArgument desc = (?P<why>.+)",
        "volume_refused",
        "The volume driver refuses the volume as it is configured ({why}).",
        ASK + ": the volume's attributes have to be corrected.",
        REFUSAL_PATIENCE,
    ),
    rule(
        "FailedMount",
        r"hostPath type check failed: (?P<path>\S+) is not a directory|path \"(?P<local>[^\"]+)\" does not exist",
        "directory_missing",
        "The node has no directory {path}{local}, which the server needs.",
        ASK + ": the node has to mount CernVM-FS, or not to be chosen (node_label, or the volume's node affinity).",
        DIRECTORY_PATIENCE,
    ),
    rule(
        "Unhealthy",
        r"Startup probe failed: eessi-fuse: (?P<repository>\S+) is not mounted",
        "client_slow",
        "The client in the server's pod has not mounted {repository} yet; waiting for it.",
        ASK + " if this stays: the log of the pod's container eessi-fuse says more.",
    ),
    rule(
        "BackOff",
        r"Back-off restarting failed container eessi-fuse",
        "client_failed",
        "The client in the server's pod cannot mount EESSI, and has ended several times; trying again.",
        ASK + ": the log of the pod's container eessi-fuse says why (its proxy, servers or key).",
        CLIENT_PATIENCE,
    ),
)
