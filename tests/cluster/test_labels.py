"""`eessi-spawner labels --detect` on real nodes: what it finds, what it changes, and that nothing of it stays."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from eessi_spawner.cli.main import main
from eessi_spawner.placement.labels import Labels
from eessi_spawner.stack.host import read_host
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import NODES
from tests.cluster.testbed.node_files import PAUSE_IMAGE
from tests.cluster.testbed.programs import wait_until

NAMESPACE = "labels"
STALE = "cpu.eessi.io/runs.riscv64.generic"
FOREIGN = "cpu.eessi.io/pool"
WANTED = Labels().labels_of(read_host().chain)
HERE = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def namespace(api: Api) -> None:
    """Let the Jobs run where Pod Security is strictest."""
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.core.create_namespace({"metadata": {"name": NAMESPACE, "labels": strict}})
    api.wait_for_service_account(NAMESPACE)


@pytest.fixture(autouse=True)
def nothing_stays(api: Api) -> Iterator[None]:
    yield
    batch = client.BatchV1Api(api.core.api_client)
    assert not batch.list_namespaced_job(NAMESPACE).items
    wait_until("the pods are gone", lambda: not api.core.list_namespaced_pod(NAMESPACE).items)
    for node in NODES:
        gone = dict.fromkeys(key for key in labels_of(api, node) if "eessi.io/" in key)
        spec = {"taints": None, "unschedulable": None}
        api.core.patch_node(node, {"metadata": {"labels": gone}, "spec": spec})


def labels_of(api: Api, node: str) -> dict[str, str]:
    return dict(api.core.read_node(node).metadata.labels)


def ours(api: Api, node: str) -> dict[str, str]:
    return {key: value for key, value in labels_of(api, node).items() if "eessi.io/" in key}


def arguments(api: Api, image: str, *more: str) -> list[str]:
    asked = ["labels", "--detect", "--kubeconfig", str(api.kubeconfig), "--namespace", NAMESPACE, "--image", image]
    return [*asked, *more]


def test_all_nodes_are_labelled_with_what_this_machine_is_and_stale_labels_vanish(
    api: Api, busybox: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api.core.patch_node("node-a", {"metadata": {"labels": {STALE: "true", FOREIGN: "mine"}}})
    taint = {"key": "gpu", "value": "present", "effect": "NoExecute"}
    api.core.patch_node("node-b", {"spec": {"unschedulable": True, "taints": [taint]}})
    assert main(arguments(api, busybox, "--apply")) == 0
    assert ours(api, "node-a") == {**WANTED, FOREIGN: "mine"}
    assert ours(api, "node-b") == WANTED
    best = read_host().target.path
    assert capsys.readouterr().out.splitlines()[1:] == [f"{node}  {best}  labelled" for node in NODES]
    assert main(arguments(api, busybox, "--apply")) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [f"{node}  {best}  as labelled" for node in NODES]


def test_the_printed_commands_do_the_same_and_standard_output_has_nothing_else(
    api: Api, busybox: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api.core.patch_node("node-a", {"metadata": {"labels": {STALE: "true"}}})
    assert main(arguments(api, busybox, "--node", "node-a", "--gpu", "nvidia/cc80")) == 0
    assert STALE in ours(api, "node-a"), "nothing is changed without --apply"
    (line,) = capsys.readouterr().out.splitlines()
    assert f"{STALE}-" in line
    command, *words = shlex.split(line)
    assert command == "kubectl"
    answer = api.kubectl(*words)
    assert answer.returncode == 0, answer.stderr
    assert ours(api, "node-a") == {**WANTED, **Labels().gpu_labels("nvidia/cc80")}
    assert ours(api, "node-b") == {}


def test_a_node_that_is_not_ready_is_skipped_with_a_warning(
    api: Api, busybox: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api.core.create_node({"metadata": {"name": "absent"}})
    try:
        assert main(arguments(api, busybox, "--apply", "--node", "absent", "--node", "node-a")) == 0
    finally:
        api.core.delete_node("absent")
    printed = capsys.readouterr()
    assert "absent: skipped, it is not ready" in printed.err
    assert "absent" not in printed.out


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("localhost/no/such:image", "image_not_pulled"),
        (PAUSE_IMAGE, "tail"),
    ],
)
def test_a_node_whose_job_fails_is_named_with_the_reason(
    api: Api, image: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(api, image, "--apply", "--node", "node-a", "--timeout", "6")) == 1
    printed = capsys.readouterr()
    (told,) = [line for line in printed.err.splitlines() if line.startswith("node-a: ") and why in line]
    assert "Traceback" not in printed.err
    assert printed.out.splitlines()[1] == "node-a  ?       failed", told
    assert ours(api, "node-a") == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_when_interrupted_it_removes_its_jobs_first(api: Api, number: signal.Signals) -> None:
    batch = client.BatchV1Api(api.core.api_client)
    command = [sys.executable, "-m", "eessi_spawner.cli.main", *arguments(api, "localhost/no/such:image")]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        wait_until("there are Jobs", lambda: len(batch.list_namespaced_job(NAMESPACE).items) == len(NODES))
        running.send_signal(number)
        printed, said = running.communicate(timeout=30)
    assert (running.returncode, printed) == (130, "")
    assert "Traceback" not in said


def test_a_missing_right_is_one_sentence(api: Api, busybox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(api, busybox, "--namespace", "no-such-namespace", "--node", "node-a")) == 1
    assert 'namespaces "no-such-namespace" not found' in capsys.readouterr().err
