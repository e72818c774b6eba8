"""The Job that looks at a node's CPU asks for next to nothing."""

from __future__ import annotations

import pytest

from eessi_spawner.cluster.detection_job import job_manifest

JOB = job_manifest("node-7", name="look-7", run="abc", image="busybox", seconds=120)
POD = JOB["spec"]["template"]["spec"]


def test_it_goes_to_its_node_whatever_the_taints() -> None:
    required = POD["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    expression = {"key": "metadata.name", "operator": "In", "values": ["node-7"]}
    assert required == {"nodeSelectorTerms": [{"matchFields": [expression]}]}
    assert POD["tolerations"] == [{"operator": "Exists"}]


def test_it_has_no_token_and_mounts_nothing() -> None:
    assert POD["automountServiceAccountToken"] is False
    assert "volumes" not in POD
    assert "serviceAccountName" not in POD


@pytest.mark.parametrize("seconds", [0.1, 120, 3600.5])
def test_it_runs_once_and_goes_by_itself_after_its_maker_has_given_up(seconds: float) -> None:
    spec = job_manifest("node-7", name="look-7", run="abc", image="busybox", seconds=seconds)["spec"]
    assert spec["backoffLimit"] == 0
    assert POD["restartPolicy"] == "Never"
    assert isinstance(spec["activeDeadlineSeconds"], int)
    assert seconds + 30 < spec["activeDeadlineSeconds"] < seconds + 120
    assert spec["ttlSecondsAfterFinished"] > 0
