"""The Job that shows a node's CPU: what it asks of a node, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RUN_LABEL = "eessi-spawner/labels"
# It is removed by its maker; these are for one that was killed.
_SECONDS_KEPT = 60
_SECONDS_LONGER = 60
# An entry has some thirty lines. The last one counts; all of a large node's are megabytes.
_COMMAND = ["tail", "-n", "200", "/proc/cpuinfo"]


def job_manifest(node: str, *, name: str, run: str, image: str, seconds: float) -> Mapping[str, Any]:
    """Return the Job that prints the end of `/proc/cpuinfo` on *node*.

    It runs in a namespace with Pod Security `restricted`, on nodes with any taint, and once: what fails is told, not
    tried again.

    Parameters
    ----------
    name, run
        Of the Job, and of all Jobs that are made together.
    image
        Any with `tail`.
    seconds
        For which its maker waits. It ends itself some time later, so that its pod can still be asked why it waits.
    """
    labels = {"app.kubernetes.io/managed-by": "eessi-spawner", RUN_LABEL: run}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": math.ceil(seconds) + _SECONDS_LONGER,
            "ttlSecondsAfterFinished": _SECONDS_KEPT,
            "template": {"metadata": {"labels": labels}, "spec": _pod(node, image)},
        },
    }


def _pod(node: str, image: str) -> Mapping[str, Any]:
    amounts = {"cpu": "10m", "memory": "16Mi"}
    is_the_node = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = [{"matchFields": [is_the_node]}]
    return {
        # As the controller of DaemonSets does it: the scheduler looks whether there is room, and says where not.
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}},
        "tolerations": [{"operator": "Exists"}],
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "runAsGroup": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "cpuinfo",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": _COMMAND,
                "resources": {"requests": amounts, "limits": {"cpu": "100m", "memory": "64Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
