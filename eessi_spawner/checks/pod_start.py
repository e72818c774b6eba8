"""Why has a pod not started yet? Answered from the pod's status and its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from eessi_spawner.checks.attach_rules import ATTACH_RULES
from eessi_spawner.checks.event_rule import ASK, rule
from eessi_spawner.checks.finding import Finding

Json = Mapping[str, Any]

# A claim may be made a moment after the first user asks for it.
CLAIM_PATIENCE = 30.0
# Volumes are mounted in a second or two; kubelet itself says something only after two minutes.
SLOW_MOUNT_SECONDS = 15.0

# The first that matches counts. Sources: kubernetes pkg/scheduler (FailedScheduling), pkg/volume/csi/csi_mounter.go and
# pkg/kubelet/volumemanager (FailedMount), nfs-utils' mount.nfs, and for images and containers (InspectFailed, Failed)
# pkg/kubelet/images and pkg/kubelet/kuberuntime.
_RULES = (
    *ATTACH_RULES,
    rule(
        "FailedScheduling",
        r'persistentvolumeclaim "(?P<claim>[^"]+)" not found',
        "claim_missing",
        "The volume claim {claim}, which the server needs, does not exist.",
        ASK + ": the claim {claim} has to be made in this hub's namespace.",
        CLAIM_PATIENCE,
    ),
    rule(
        "FailedScheduling",
        r'persistentvolumeclaim "(?P<claim>[^"]+)" is being deleted',
        "claim_pending",
        "The volume claim {claim} is being deleted, and the server waits for a new one.",
        ASK + " if this stays.",
    ),
    rule(
        "FailedScheduling",
        r"unbound immediate PersistentVolumeClaims|didn't find available persistent volumes",
        "claim_pending",
        "A volume claim of the server has no volume yet; waiting for one.",
        ASK + " if this stays: the claim's own events say why it is not bound.",
    ),
    rule(
        "FailedScheduling",
        r"nodes are available: (?P<why>.+?)\.? (?:preemption|no new claims)|nodes are available: (?P<all>.+)",
        "unschedulable",
        "No node can take the server now ({why}); waiting for one.",
        "Wait, or stop this server and choose smaller resources.",
    ),
    rule(
        "FailedScheduling",
        r"(?P<why>.+)",
        "unschedulable",
        "No node can take the server now; waiting for one.",
        "Wait, or stop this server and choose smaller resources.",
    ),
    rule(
        "FailedMount FailedAttachVolume",
        r"driver name (?P<driver>\S+) not found in the list of registered CSI drivers",
        "driver_missing",
        "The node has no volume driver {driver} yet, so EESSI cannot be mounted there; waiting for the driver.",
        ASK + ": the driver's node plugin has to run on this node too (mind its tolerations).",
    ),
    rule(
        "FailedMount",
        r"Failed to resolve server (?P<server>[^\s:]+)",
        "nfs_unresolved",
        "The node cannot resolve the NFS server's name {server}; trying again.",
        ASK + ": nodes do not use the cluster's DNS, so name a Service or an address.",
    ),
    rule(
        "FailedMount",
        r"need a /sbin/mount\.<type> helper|unknown filesystem type 'nfs",
        "nfs_client_missing",
        "The node has no NFS client, so EESSI cannot be mounted there; trying again.",
        ASK + ": the nodes need the package nfs-common or nfs-utils.",
    ),
    rule(
        "FailedMount",
        r"mount\.nfs\d?: (?P<why>[^\n]+)",
        "nfs_failed",
        "The NFS server does not give EESSI out ({why}); trying again.",
        ASK + " if this stays.",
    ),
    rule(
        "FailedMount FailedAttachVolume",
        r"(?P<why>.+)",
        "mount_slow",
        "The node has not mounted the server's volumes yet; trying again.",
        ASK + " if this stays.",
    ),
    rule(
        "InspectFailed Failed",
        r"couldn't parse image|InvalidImageName|invalid reference format",
        "image_invalid",
        "The name of the server's image is not valid.",
        "Choose another image.",
        0.0,
    ),
    rule(
        "Failed BackOff",
        r'(?:pull|pulling) image "(?P<image>[^"]+)"|ErrImagePull|ImagePullBackOff',
        "image_not_pulled",
        "The server's image could not be pulled; trying again.",
        "Check the image's name and tag, or ask an administrator.",
    ),
    rule(
        "ErrImageNeverPull",
        r"(?P<why>.+)",
        "image_not_pulled",
        "The server's image is not on the node, and the hub has it never pulled.",
        ASK + ": image_pull_policy is Never.",
    ),
    rule(
        "Failed",
        r"Error: (?P<why>.+)",
        "container_not_made",
        "The server's container cannot be made ({why}); trying again.",
        ASK + " if this stays.",
    ),
)


def find_trouble(pod: Json | None, events: Iterable[Json], *, now: datetime | None = None) -> list[Finding]:
    """Return what keeps *pod* from starting, oldest first; empty where nothing is known to.

    Parameters
    ----------
    pod
        As the API gives it; None where it is not there yet.
    events
        Of pods of its name, oldest first; those of an earlier pod are passed over.
    now
        The present.
    """
    if pod is None or _has_started(pod):
        return []
    own = [event for event in events if _is_of(event, pod)]
    if not _is_scheduled(pod):
        # The scheduler's last word counts: what it said before is no longer so.
        last = _last_of_scheduler(own)
        own = [event for event in own if event is last or event.get("reason") != _UNSCHEDULED]
    findings = [finding for finding in map(explain_event, own) if finding is not None]
    if _is_scheduled(pod):
        findings = [finding for finding in findings if finding.code not in _BEFORE_SCHEDULING]
    findings += filter(None, (_image_trouble(pod), _slow_mount(pod, findings, now or datetime.now(timezone.utc))))
    return list({finding.code: finding for finding in findings}.values())


_BEFORE_SCHEDULING = frozenset({"claim_missing", "claim_pending", "device_missing", "unschedulable"})
_UNSCHEDULED = "FailedScheduling"


def _is_of(event: Json, pod: Json) -> bool:
    """Say whether *event* is of *pod*, and not of an earlier one of the same name: events are kept for an hour."""
    own = pod["metadata"].get("uid")
    return bool((event.get("involvedObject") or {}).get("uid", own) == own)


def _last_of_scheduler(events: list[Json]) -> Json | None:
    """Return the event that the scheduler was last seen to say; one that repeats is one event."""
    found = [event for event in events if event.get("reason") == _UNSCHEDULED]
    return max(reversed(found), key=_last_seen, default=None)


def _last_seen(event: Json) -> str:
    times = (event.get("lastTimestamp"), (event.get("series") or {}).get("lastObservedTime"), event.get("eventTime"))
    # Without the Z, whole seconds sort before their fractions.
    return max(str(found or "").rstrip("Z") for found in times)


def explain_event(event: Json) -> Finding | None:
    """Return what *event*, as the API gives it, says about a pod that does not start; None where nothing."""
    if event.get("type") != "Warning":
        return None
    words = str(event.get("message") or "")
    for known in _RULES:
        if event.get("reason") in known.reasons and (match := known.pattern.search(words)):
            groups = {name: _short(value or "") for name, value in match.groupdict().items()}
            groups["why"] = groups.get("why") or groups.get("all", "")
            sentence, advice = known.sentence.format(**groups), known.advice.format(**groups)
            return Finding(known.code, sentence, advice, f"{event.get('reason')}: {words}", known.patience)
    return None


def _image_trouble(pod: Json) -> Finding | None:
    for status in _container_statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") == "InvalidImageName":
            return Finding(
                "image_invalid",
                f"{_short(str(status.get('image', '')))!r} is not the name of an image.",
                "Choose another image.",
                str(waiting.get("message", "InvalidImageName")),
                patience=0.0,
            )
    return None


def _slow_mount(pod: Json, findings: list[Finding], now: datetime) -> Finding | None:
    """Say that volumes take long; the kubelet itself says so only after two minutes."""
    scheduled = _scheduled_at(pod)
    if findings or scheduled is None or _has_sandbox(pod):
        return None
    seconds = (now - scheduled).total_seconds()
    if seconds < SLOW_MOUNT_SECONDS:
        return None
    node = pod["spec"].get("nodeName", "")
    return Finding(
        "mount_slow",
        f"The node {node} is still mounting the server's volumes.",
        ASK + " if this stays.",
        f"scheduled to {node} at {scheduled.isoformat()}, and no container has been created yet",
    )


def _has_started(pod: Json) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Running", "Succeeded", "Failed")


def _is_scheduled(pod: Json) -> bool:
    return bool((pod.get("spec") or {}).get("nodeName"))


def _has_sandbox(pod: Json) -> bool:
    """Say whether the volumes are mounted: only then does kubelet make the pod's sandbox, which has an address."""
    status = pod.get("status") or {}
    return bool(status.get("podIP")) or any(
        (found.get("state") or {}).get("waiting", {}).get("reason") not in ("ContainerCreating", "PodInitializing")
        for found in _container_statuses(pod)
    )


def _scheduled_at(pod: Json) -> datetime | None:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "True":
            return datetime.fromisoformat(condition["lastTransitionTime"].replace("Z", "+00:00"))
    return None


def _container_statuses(pod: Json) -> list[Json]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _short(text: str) -> str:
    """Return *text* as one line that a sentence can hold."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"
