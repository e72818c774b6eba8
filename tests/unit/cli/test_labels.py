"""`eessi-spawner labels`: the rules it prints, and what it makes of nodes' answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from eessi_spawner.cli.labels_detect import choose_nodes, kubectl_line, result_of, rows
from eessi_spawner.cli.main import main
from eessi_spawner.cluster.detection import Answer
from eessi_spawner.cluster.nodes import Node
from eessi_spawner.placement.labels import Labels
from eessi_spawner.placement.nfd import node_feature_rule
from eessi_spawner.stack.cpu_targets import CpuTarget

LABELS = Labels()
ZEN3 = CpuTarget("x86_64/amd/zen3").fallback_chain
CPUINFO = "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2 fma vaes\n"
STALE = "cpu.eessi.io/runs.x86-64.amd.zen4"
NODE = Node("one", labels={"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", STALE: "true"})


@pytest.mark.parametrize("prefix", ["eessi.io", "hpc.example.org"])
def test_the_rules_are_printed_as_yaml(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels", "--prefix", prefix]) == 0
    printed = capsys.readouterr().out
    assert yaml.safe_load(printed) == node_feature_rule(Labels(prefix))
    assert "kubectl apply -f -" in printed
    assert "&id" not in printed


def test_without_pyyaml_they_are_json_which_is_yaml(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert main(["labels"]) == 0
    printed = capsys.readouterr().out
    document = "\n".join(line for line in printed.splitlines() if not line.startswith("#"))
    assert json.loads(document) == yaml.safe_load(printed) == node_feature_rule(LABELS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prefix", "kubernetes.io"], "'kubernetes.io' cannot be the prefix"),
        (["--apply"], "--apply was expected together with --detect"),
        (["--node", "a"], "--node was expected together with --detect"),
        (["--context", "a"], "--context was expected together with --detect"),
        (["--detect", "--gpu", "nvidia/cc80"], "--gpu was expected together with --node"),
        (["--detect", "--node", "a", "--gpu", "cc80"], "'cc80' is not an accelerator"),
        (["--detect", "--timeout", "0"], "more than 0 s"),
        (["--detect", "--timeout", "nan"], "more than 0 s"),
        (["--detect", "--kubeconfig", "/no/such/file"], "No way into a cluster was found"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1


def test_without_a_client_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "eessi_spawner.cli.labels_detect")
    monkeypatch.setitem(sys.modules, "kubernetes_asyncio.client", None)
    assert main(["labels", "--detect"]) == 2
    assert "Install eessi-spawner[hub]." in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {
        "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    assert main(["labels", "--detect", "--kubeconfig", str(tmp_path / "config")]) == 2
    assert "did not answer when asked to list its nodes" in capsys.readouterr().err


def test_an_answer_becomes_the_labels_of_its_chain_and_stale_ones_go() -> None:
    found = result_of(NODE, Answer("one", CPUINFO), labels=LABELS, gpu="nvidia/cc80", seconds=120)
    assert found.targets == ZEN3
    assert found.changes == {**LABELS.labels_of(ZEN3, "nvidia/cc80"), STALE: None}
    assert rows([found], applied=False)[1] == ("one", "x86_64/amd/zen3", "to be labelled")


def event(reason: str, message: str) -> dict[str, str]:
    return {"type": "Warning", "reason": reason, "message": message}


WAITS = {"metadata": {"name": "p"}, "spec": {}, "status": {"phase": "Pending"}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer("one", problem="Error, exit code 1"), "Error, exit code 1"),
        (Answer("one"), "its pod did not end in 120 s, and Kubernetes does not say why"),
        (
            Answer("one", events=(event("FailedCreate", "exceeded quota"),)),
            "did not end in 120 s; FailedCreate: exceeded quota",
        ),
        (
            Answer("one", pod=WAITS, events=(event("FailedScheduling", "0/1 nodes are available: 1 Too many pods."),)),
            "unschedulable: FailedScheduling: 0/1 nodes are available: 1 Too many pods",
        ),
        (Answer("one", cpuinfo="hello"), "/proc/cpuinfo was expected, 'hello' came"),
    ],
)
def test_a_node_that_did_not_answer_has_a_reason(answer: Answer, words: str) -> None:
    found = result_of(NODE, answer, labels=LABELS, gpu="", seconds=120)
    assert words in found.reason
    assert (found.targets, found.changes) == ((), {})
    assert rows([found], applied=True)[1] == ("one", "?", "failed")


def test_a_machine_that_eessi_does_not_build_for_is_a_reason() -> None:
    node = Node("one", labels={"kubernetes.io/arch": "s390x"})
    assert "'s390x'" in result_of(node, Answer("one", CPUINFO), labels=LABELS, gpu="", seconds=1).reason


def test_the_command_sets_removes_and_goes_the_same_way_in() -> None:
    line = kubectl_line("one", {"a.io/b": "c", "a.io/d": None}, ["--kubeconfig=/my files/config"])
    assert line == "kubectl '--kubeconfig=/my files/config' label node one a.io/b=c a.io/d- --overwrite"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [((), ["cordoned", "one"]), (["one"], ["one"]), (["one", "sleeps"], ["one"])],
)
def test_nodes_that_can_run_no_linux_pod_are_skipped(
    names: list[str], chosen: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    windows = Node("windows", labels={"kubernetes.io/os": "windows"})
    nodes = [Node("cordoned", is_cordoned=True), NODE, Node("sleeps", is_ready=False), windows]
    assert [node.name for node in choose_nodes(nodes, names)] == chosen
    said = capsys.readouterr().err
    assert ("sleeps: skipped, it is not ready" in said) is (not names or "sleeps" in names)
    assert ("windows: skipped, it runs windows" in said) is (not names)
