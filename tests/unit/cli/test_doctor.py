"""`eessi-spawner doctor --values`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eessi_spawner.cli.main import main

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
