"""What events say of the ways to attach EESSI: the volume driver's refusals, directories that are not there."""

from __future__ import annotations

from eessi_spawner.checks.event_rule import ASK, rule

# What a driver calls an invalid argument it rarely takes later.
REFUSAL_PATIENCE = 10.0
# A DaemonSet may bring the directory a moment after the node came.
DIRECTORY_PATIENCE = 30.0

# The first that matches counts. Sources: cvmfs-csi, internal/cvmfs/node/csiserver.go and singlemount; kubernetes,
# pkg/volume/hostpath/host_path.go and pkg/volume/local/local.go.
ATTACH_RULES = (
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
)
