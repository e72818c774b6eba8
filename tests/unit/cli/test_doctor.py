"""`eessi-spawner doctor`: what is printed, and the exit codes. A real cluster is in tests/cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eessi_spawner.checks.ways.choose import all_ways
from eessi_spawner.checks.ways.verdict import Verdict
from eessi_spawner.cli import doctor_attach, doctor_machine
from eessi_spawner.cli.main import main
from eessi_spawner.cluster.nodes import Node
from eessi_spawner.cluster.survey import Survey

GOOD = "attach: {way: csi}\n"
WARNS = "extraConfigMaps: {cvmfs-csi-domain-d: {eessi.io.conf: CVMFS_HTTP_PROXY=DIRECT}}\n"
FAILS = "cmvfsHttpProxy: DIRECT\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {"good": GOOD, "warns": WARNS, "fails": FAILS}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--values", "good.yaml"], 0),
        (["--values", "good.yaml", "--strict"], 0),
        (["--values", "warns.yaml"], 0),
        (["--values", "warns.yaml", "--strict"], 1),
        (["--values", "good.yaml", "--values", "fails.yaml"], 1),
        (["--values", "absent.yaml"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_exit_code_is_that_of_the_worst_answer(folder: Path, options: list[str], code: int) -> None:
    assert folder
    assert main(["doctor", *options]) == code


def test_each_line_says_where_and_what_to_do(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert folder
    main(["doctor", "--values", "good.yaml", "--values", "fails.yaml"])
    printed, said = capfd.readouterr()
    assert said == ""
    assert "good.yaml: ok    our chart: its keys, 2 of them\n" in printed
    assert "fails.yaml:1: fail  unknown_key  cmvfsHttpProxy\n    Expected a key of cvmfs-csi 2.5.2; found" in printed
    assert "Set CVMFS_HTTP_PROXY in the text default.local" in printed
    assert printed.splitlines()[-1] == "2 fail, 2 warn, 2 ok"


def test_its_json_has_every_part_of_an_answer(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert folder
    main(["doctor", "--json", "--values", "fails.yaml"])
    read = json.loads(capfd.readouterr().out)["values"]
    (found,) = [answer for answer in read if answer["code"] == "unknown_key"]
    assert found | {"advice": ""} == {
        "level": "fail",
        "code": "unknown_key",
        "key": "cmvfsHttpProxy",
        "expected": "a key of cvmfs-csi 2.5.2",
        "came": "'cmvfsHttpProxy', which it does not have",
        "advice": "",
        "file": "fails.yaml",
        "line": 1,
    }


def test_settings_of_the_spawner_are_known_where_a_hub_is_installed(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "hub.yaml").write_text(
        "hub:\n  image: {name: r/hub}\n  config:\n    JupyterHub: {spawner_class: eessi}\n    EESSISpawner:\n"
        "      eessi_atach: csi\n      find_node_pools: true\n      cpu_guarantee: 1\n"
    )
    assert main(["doctor", "--values", "hub.yaml"]) == 1
    assert "hub.yaml:6: fail  setting_unknown" in (printed := capfd.readouterr().out)
    assert "    Write eessi_attach.\n" in printed
    assert printed.count("fail ") == 1


CLUSTER = Survey(
    "jhub",
    "restricted",
    (Node("a"),),
    frozenset({"cvmfs.csi.cern.ch"}),
    {"a": frozenset({"cvmfs.csi.cern.ch"})},
    (),
    (),
    (),
    {"persistentvolumes": "forbidden"},
)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Let a cluster be seen; return how it was asked for."""
    asked = []

    def look(*way: str) -> tuple[Survey, tuple[Verdict, ...]]:
        asked.append(way)
        return CLUSTER, all_ways(CLUSTER)

    monkeypatch.setattr(doctor_attach, "look", look)
    return asked  # type: ignore[return-value]


def test_ways_to_attach_are_told_best_first_with_what_to_write(
    cluster: list[tuple[str, str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "attach", "--kubeconfig", "k", "--context", "c", "--namespace", "jhub"]) == 1
    assert cluster == [("k", "c", "jhub")]
    heading, first, *rest = capfd.readouterr().out.splitlines()
    assert heading == "Ways to bring EESSI into pods of namespace jhub, best first:"
    assert first == "needs    cvmfs-csi: all repositories, by a claim"
    assert '    eessi_attach: {"way": "csi", "claim": "cvmfs"}' in rest
    assert "no       the nodes' own /cvmfs" in rest
    assert rest[-1] == "not seen: persistentvolumes: forbidden"


def test_its_json_has_the_ways_in_order(cluster: list[object], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "attach", "--json"]) == 1
    assert cluster
    read = json.loads(capfd.readouterr().out)
    assert set(read) == {"attach"}
    assert read["attach"]["ways"][0]["eessi_attach"] == {"way": "csi", "claim": "cvmfs"}
    assert read["attach"]["unseen"] == {"persistentvolumes": "forbidden"}


def test_without_a_way_into_a_cluster_attach_fails_and_the_machine_is_looked_at_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor_machine, "DEFAULT_ROOT", str(tmp_path / "nothing"))
    monkeypatch.setattr(doctor_machine.machine_answers, "__defaults__", (str(tmp_path / "nothing"),))
    absent = str(tmp_path / "kubeconfig")
    assert main(["doctor", "attach", "--kubeconfig", absent]) == 2
    assert "No way into a cluster was found" in capfd.readouterr().err
    assert main(["doctor", "--kubeconfig", absent]) == 0
    printed = capfd.readouterr().out
    assert "warn  mount_absent" in printed
    assert "not seen: No way into a cluster was found" in printed


def test_a_machine_with_a_stack_names_its_releases(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    answers = doctor_machine.machine_answers(str(tmp_path))
    assert [answer.code for answer in answers] == ["cpu", "no_builds"]
