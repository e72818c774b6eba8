"""`eessi-spawner environments complete`: from words to an environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eessi_spawner.cli.main import main
from eessi_spawner.stack.environments import make_environment


@pytest.fixture(autouse=True)
def _nothing_saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_DIR", str(tmp_path / "none"))


def test_words_give_modules_and_what_each_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "complete", "numpy,", "pandas", "matplotlib"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "EESSI 2025.06, generation 2025b, python kernel",
        "MODULE                                FOR",
        "SciPy-bundle/2025.07-gfbf-2025b       numpy, pandas",
        "jupyter-server/2.17.0-GCCcore-14.3.0  the kernel",
        "matplotlib/3.10.5-gfbf-2025b          matplotlib",
        "CPU targets: all 15",
    ]


def test_json_is_what_configuration_takes(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--release", "2023.06", "--target", "x86_64/amd/zen4", "--json"]
    assert main(["environments", "complete", "numpy", *arguments]) == 0
    environment = make_environment(json.loads(capsys.readouterr().out))
    assert environment.modules == ("SciPy-bundle/2023.11-gfbf-2023b", "jupyter-server/2.14.0-GCCcore-13.2.0")


def test_a_typing_error_is_read_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "complete", "matplotlb"]) == 0
    assert "'matplotlb' was read as matplotlib." in capsys.readouterr().err


def test_what_is_missing_is_told_with_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "complete", "numpy", "qqqqqqqq"]) == 1
    answer = capsys.readouterr()
    assert answer.err.startswith("No toolchain generation has all of it;")
    assert "EESSI 2025.06 2025b has no 'qqqqqqqq'.\n" in answer.err
    assert answer.out.startswith("Nearest: EESSI 2025.06")


def test_a_missing_kernel_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "complete", "ggplot2", "--release", "2023.06", "--json"]) == 1
    answer = capsys.readouterr()
    assert answer.out == ""
    assert "has no r kernel." in answer.err


def test_a_wrong_release_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "complete", "numpy", "--release", "1999.01"]) == 2
    assert "Use one of: 2025.06, 2023.06." in capsys.readouterr().err
