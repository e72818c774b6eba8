"""What the volume driver and kubelet say of the ways to attach, as their sources write it."""

from __future__ import annotations

import pytest

from eessi_spawner.checks.pod_start import explain_event
from tests.unit.checks.test_pod_start import event

# kubernetes, pkg/volume/csi/csi_attacher.go (MountDevice) and csi_mounter.go (SetUp).
STAGED = 'MountVolume.MountDevice failed for volume "hub-cvmfs" : rpc error: code = InvalidArgument desc = {}'
SET_UP = 'MountVolume.SetUp failed for volume "eessi-cvmfs" : {}'


@pytest.mark.parametrize(
    ("message", "code", "words", "gives_up"),
    [
        (
            STAGED.format("volume access mode must be ReadOnlyMany"),
            "access_mode",
            "has an access mode that the volume driver does not take",
            0,
        ),
        (
            STAGED.format("volume parameter hash is not supported"),
            "volume_refused",
            "as it is configured (volume parameter hash is not supported).",
            10,
        ),
        (
            STAGED.format('bad request for mount ID a: config mismatch: expected "A=1", got "A=2"'),
            "volume_refused",
            'config mismatch: expected "A=1", got "A=2"',
            10,
        ),
        (
            SET_UP.format("hostPath type check failed: /cvmfs is not a directory"),
            "directory_missing",
            "The node has no directory /cvmfs, which the server needs.",
            30,
        ),
        (
            'MountVolume.NewMounter initialization failed for volume "v" : path "/var/lib/cvmfs-k8s/a" does not exist',
            "directory_missing",
            "The node has no directory /var/lib/cvmfs-k8s/a, which",
            30,
        ),
    ],
)
def test_a_refusal_is_told_and_not_waited_for_in_vain(message: str, code: str, words: str, gives_up: float) -> None:
    finding = explain_event(event("FailedMount", message))
    assert finding is not None
    assert finding.code == code
    assert words in finding.sentence
    assert finding.patience == gives_up
    assert "Tell an administrator" in finding.advice


def test_a_device_that_no_node_has_is_told_by_its_name() -> None:
    words = "0/2 nodes are available: 2 Insufficient smarter-devices/fuse. preemption: 0/2 nodes are available: 2 No"
    finding = explain_event(event("FailedScheduling", words))
    assert finding is not None
    assert finding.code == "device_missing"
    assert "No node has the device smarter-devices/fuse free" in finding.sentence
    assert (
        explain_event(event("FailedScheduling", words.replace("devices/fuse", "devices/gpu"))).code == "unschedulable"
    )


@pytest.mark.parametrize(
    ("reason", "message", "code", "gives_up"),
    [
        # pkg/kubelet/prober/prober.go, and images/fuse/wait-for-repositories.
        (
            "Unhealthy",
            "Startup probe failed: eessi-fuse: software.eessi.io is not mounted\n",
            "client_slow",
            None,
        ),
        (
            "BackOff",  # pkg/kubelet/kuberuntime/kuberuntime_manager.go
            "Back-off restarting failed container eessi-fuse in pod jupyter-gina_hub(0f1e)",
            "client_failed",
            60,
        ),
    ],
)
def test_a_client_in_the_pod_that_does_not_mount_is_told(
    reason: str, message: str, code: str, gives_up: float | None
) -> None:
    finding = explain_event(event(reason, message))
    assert finding is not None
    assert (finding.code, finding.patience) == (code, gives_up)
    assert "client in the server's pod" in finding.sentence
    assert "eessi-fuse" in finding.advice
