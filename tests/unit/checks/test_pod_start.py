"""Why a pod does not start, from the words of Kubernetes 1.34 as its source writes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from eessi_spawner.checks.pod_start import CLAIM_PATIENCE, SLOW_MOUNT_SECONDS, explain_event, find_trouble

Json = dict[str, Any]

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc)
# pkg/scheduler/framework/types.go, FitError.Error, with the message of preemption behind it.
PREEMPTION = "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
# pkg/volume/util/operationexecutor, GenerateError; mount-utils, mount_linux.go.
NFS = (
    'MountVolume.SetUp failed for volume "eessi-cvmfs" : mount failed: exit status 32\nMounting command: mount\n'
    "Mounting arguments: -t nfs -o ro 10.0.0.9:/ /var/lib/kubelet/pods/0/volumes/kubernetes.io~nfs/eessi-cvmfs\n"
    "Output: {}\n"
)


def event(reason: str, message: str, *, uid: str = "new", kind: str = "Warning", seen: str = "11:59:30") -> Json:
    return {
        "type": kind,
        "reason": reason,
        "message": message,
        "involvedObject": {"uid": uid, "name": "jupyter-gina"},
        "lastTimestamp": f"2026-01-01T{seen}Z",
    }


def pod(*, scheduled: float | None = None, **status: Any) -> Json:
    """Return a pod that was scheduled some seconds ago, or not at all."""
    spec: Json = {}
    conditions = []
    if scheduled is not None:
        spec["nodeName"] = "node-1"
        since = (NOW - timedelta(seconds=scheduled)).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": since}]
    return {
        "metadata": {"uid": "new"},
        "spec": spec,
        "status": {"phase": "Pending", "conditions": conditions, **status},
    }


def codes(the_pod: Json | None, *events: Json) -> list[str]:
    return [finding.code for finding in find_trouble(the_pod, events, now=NOW)]


@pytest.mark.parametrize(
    ("reason", "message", "code", "words"),
    [
        (
            "FailedScheduling",  # volumebinding/volume_binding.go
            f'0/3 nodes are available: persistentvolumeclaim "cvmfs" not found. not found {PREEMPTION}',
            "claim_missing",
            "The volume claim cvmfs, which",
        ),
        (
            "FailedScheduling",
            f'0/3 nodes are available: persistentvolumeclaim "cvmfs" is being deleted. {PREEMPTION}',
            "claim_pending",
            "The volume claim cvmfs is being deleted",
        ),
        (
            "FailedScheduling",
            f"0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. {PREEMPTION}",
            "claim_pending",
            "has no volume yet",
        ),
        (
            "FailedScheduling",  # volumebinding/binder.go, ErrReasonBindConflict
            f"0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind. {PREEMPTION}",
            "claim_pending",
            "has no volume yet",
        ),
        (
            "FailedScheduling",
            f"0/3 nodes are available: 1 node(s) had untolerated taint {{gpu: yes}}, 2 Insufficient cpu. {PREEMPTION}",
            "unschedulable",
            "(1 node(s) had untolerated taint {gpu: yes}, 2 Insufficient cpu)",
        ),
        (
            "FailedScheduling",  # dynamicresources.go
            f"0/3 nodes are available: 3 Insufficient memory. no new claims to deallocate, {PREEMPTION}",
            "unschedulable",
            "(3 Insufficient memory)",
        ),
        (
            "FailedScheduling",
            "0/3 nodes are available: 3 Insufficient memory.",
            "unschedulable",
            "3 Insufficient memory",
        ),
        ("FailedScheduling", "no nodes available to schedule pods", "unschedulable", "No node can take"),
        (
            "FailedMount",  # pkg/volume/csi/csi_client.go
            'MountVolume.SetUp failed for volume "v" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: '
            "driver name cvmfs.csi.cern.ch not found in the list of registered CSI drivers",
            "driver_missing",
            "no volume driver cvmfs.csi.cern.ch yet",
        ),
        (
            "FailedMount",
            NFS.format("mount.nfs: Failed to resolve server nfs.cvmfs.svc.cluster.local: Name or service not known"),
            "nfs_unresolved",
            "the NFS server's name nfs.cvmfs.svc.cluster.local;",
        ),
        (
            "FailedMount",
            NFS.format(
                "mount: /var/lib/x: bad option; for several filesystems (e.g. nfs, cifs) you might need a"
                " /sbin/mount.<type> helper program."
            ),
            "nfs_client_missing",
            "has no NFS client",
        ),
        (
            "FailedMount",
            NFS.format("mount.nfs4: access denied by server while mounting 10.0.0.9:/"),
            "nfs_failed",
            "(access denied by server while mounting 10.0.0.9:/)",
        ),
        (
            "FailedMount",  # pkg/kubelet/kubelet.go
            "Unable to attach or mount volumes: unmounted volumes=[eessi-cvmfs], unattached volumes=[], failed to"
            " process volumes=[]: context deadline exceeded",
            "mount_slow",
            "has not mounted the server's volumes yet",
        ),
        (
            "InspectFailed",  # pkg/kubelet/images/image_manager.go
            'Failed to apply default image tag "Not An Image": couldn\'t parse image name "Not An Image": invalid'
            " reference format: repository name (library/Not An Image) must be lowercase",
            "image_invalid",
            "is not valid",
        ),
        ("Failed", "Error: InvalidImageName", "image_invalid", "is not valid"),
        (
            "Failed",
            'Failed to pull image "registry.example.org/a:1": rpc error: code = NotFound desc = failed to pull and'
            ' unpack image "registry.example.org/a:1": not found',
            "image_not_pulled",
            "could not be pulled",
        ),
        ("Failed", "Error: ErrImagePull", "image_not_pulled", "could not be pulled"),
        ("Failed", "Error: ImagePullBackOff", "image_not_pulled", "could not be pulled"),
        (
            "ErrImageNeverPull",
            'Container image "registry.example.org/a:1" is not present with pull policy of Never',
            "image_not_pulled",
            "never pulled",
        ),
        (
            "Failed",  # pkg/kubelet/kuberuntime/security_context_others.go
            'Error: container has runAsNonRoot and image will run as root (pod: "jupyter-gina_hub(new)", container: x)',
            "container_not_made",
            "(container has runAsNonRoot and image will run as root",
        ),
        (
            "Failed",  # pkg/kubelet/kubelet_pods.go
            'Error: failed to create subPath directory for volumeMount "cvmfs" of container "notebook"',
            "container_not_made",
            "failed to create subPath directory",
        ),
    ],
)
def test_what_kubernetes_says_is_explained(reason: str, message: str, code: str, words: str) -> None:
    finding = explain_event(event(reason, message))
    assert finding is not None
    assert finding.code == code
    assert words in finding.sentence
    assert finding.advice
    assert finding.reason == f"{reason}: {message}", "the log gets Kubernetes' own words"


@pytest.mark.parametrize(
    "harmless",
    [
        event("Scheduled", "Successfully assigned hub/jupyter-gina to node-1", kind="Normal"),
        event("BackOff", 'Back-off pulling image "registry.example.org/a:1"', kind="Normal"),
        event("BackOff", "Back-off restarting failed container notebook in pod jupyter-gina"),
        event("Unhealthy", "Readiness probe failed"),
        {},
    ],
)
def test_what_keeps_no_pod_from_starting_is_not_explained(harmless: Json) -> None:
    assert explain_event(harmless) is None


def test_words_of_others_are_cut_and_never_formatted() -> None:
    finding = explain_event(event("FailedScheduling", "0/1 nodes are available: {0} {claim} " + "x" * 999))
    assert finding is not None
    assert "({0} {claim} xxx" in finding.sentence
    assert len(finding.sentence) < 300


MISSING = event("FailedScheduling", '0/3 nodes are available: persistentvolumeclaim "cvmfs" not found.')
FULL = event("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.", seen="11:59:40")


def test_only_a_missing_claim_and_an_invalid_name_end_the_wait() -> None:
    patience = {found.code: found.patience for found in find_trouble(pod(), [MISSING], now=NOW)}
    assert patience == {"claim_missing": CLAIM_PATIENCE}
    (invalid,) = find_trouble(pod(scheduled=1), [event("Failed", "Error: InvalidImageName")], now=NOW)
    assert invalid.patience == 0
    (full,) = find_trouble(pod(), [FULL], now=NOW)
    assert full.patience is None


def test_the_schedulers_last_word_counts() -> None:
    assert codes(pod(), MISSING, FULL) == ["unschedulable"], "the claim has been made since"
    again = {**MISSING, "series": {"lastObservedTime": "2026-01-01T11:59:50.5Z"}}
    assert codes(pod(), again, FULL) == ["claim_missing"], "an event that repeats keeps its place, not its time"


def test_a_pod_that_has_a_node_was_scheduled() -> None:
    assert codes(pod(scheduled=1), MISSING, FULL) == []


def test_events_of_an_earlier_pod_of_the_same_name_do_not_count() -> None:
    old = event("InspectFailed", 'Failed to apply default image tag "X": couldn\'t parse image name "X"', uid="old")
    assert codes(pod(scheduled=1), old) == []
    assert codes(None, old) == [], "nor before the new pod is there"


@pytest.mark.parametrize("phase", ["Running", "Succeeded", "Failed"])
def test_a_pod_that_has_started_has_no_trouble_starting(phase: str) -> None:
    assert codes(pod(scheduled=99, phase=phase), FULL) == []


def test_each_trouble_is_found_once_with_its_last_words() -> None:
    first = event("Failed", 'Failed to pull image "a:1": not found')
    (found,) = find_trouble(pod(scheduled=1), [first, event("Failed", "Error: ImagePullBackOff")], now=NOW)
    assert found.reason == "Failed: Error: ImagePullBackOff"


@pytest.mark.parametrize("kind", ["containerStatuses", "initContainerStatuses"])
def test_an_invalid_image_is_found_in_the_pods_status_too(kind: str) -> None:
    waiting = {"waiting": {"reason": "InvalidImageName", "message": "Failed to apply default image tag"}}
    (found,) = find_trouble(pod(scheduled=1, **{kind: [{"image": "X Y", "state": waiting}]}), [], now=NOW)
    assert (found.code, found.patience) == ("image_invalid", 0)
    assert "'X Y'" in found.sentence


CREATING = [{"state": {"waiting": {"reason": "ContainerCreating"}}}]


def test_volumes_that_take_long_are_told_before_kubelet_does() -> None:
    slow = SLOW_MOUNT_SECONDS + 1
    assert codes(pod(scheduled=slow, containerStatuses=CREATING)) == ["mount_slow"]
    assert codes(pod(scheduled=SLOW_MOUNT_SECONDS - 1, containerStatuses=CREATING)) == []
    assert codes(pod(scheduled=slow, containerStatuses=CREATING, podIP="10.0.0.1")) == [], "it has a sandbox"
    pulling = [{"state": {"waiting": {"reason": "ErrImagePull"}}}]
    assert codes(pod(scheduled=slow, containerStatuses=pulling)) == []


def test_a_pod_without_a_status_has_no_trouble_yet() -> None:
    assert codes({"metadata": {}}) == []
