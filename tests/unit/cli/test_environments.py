"""`eessi-spawner environments`: from words to an environment, what goes together, and what comes after."""

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


SCIPY, OLD_SCIPY = "SciPy-bundle/2025.07-gfbf-2025b", "SciPy-bundle/2023.07-gfbf-2023a"


def test_modules_that_go_together_are_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "check", SCIPY, "matplotlib/3.10.5-gfbf-2025b"]) == 0
    answer = capsys.readouterr()
    assert answer.out.splitlines() == [
        "Yes: they can be loaded together in EESSI 2025.06.",
        "CPU targets: all 15",
    ]
    assert answer.err.startswith("Data: the catalogue of this package, ")


def test_modules_that_do_not_are_a_no_with_the_reason_and_the_nearest_set(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [SCIPY, "matplotlib/3.10.3-gfbf-2025a", "TensorFlow/2.13.0-foss-2023a"]
    assert main(["environments", "check", *asked, "--release", "2025.06"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "No: TensorFlow/2.13.0-foss-2023a is not in EESSI 2025.06, only in 2023.06.",
        "No: toolchain generations cannot be mixed: matplotlib/3.10.3-gfbf-2025a is of 2025a;"
        " SciPy-bundle/2025.07-gfbf-2025b is of 2025b.",
        "Nearest: EESSI 2025.06",
        "MODULE                           THERE",
        "SciPy-bundle/2025.07-gfbf-2025b  the same",
        "matplotlib/3.10.3-gfbf-2025a     matplotlib/3.10.5-gfbf-2025b",
        "TensorFlow/2.13.0-foss-2023a     none",
        "CPU targets: all 15",
    ]


def test_a_machine_that_nothing_is_built_for_has_no_nearest_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "check", SCIPY, "--target", "riscv64/generic"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"No: {SCIPY} cannot be loaded on riscv64/generic.",
        "No set that is near can be loaded either.",
    ]


def test_check_as_json_has_the_whole_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments", "check", SCIPY, OLD_SCIPY, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["can"] is False
    assert said["reasons"] == [f"{OLD_SCIPY} is not in EESSI 2025.06, only in 2023.06"]
    assert (said["release"], said["modules"], said["lost"]) == ("2025.06", [SCIPY], [])
    assert len(said["targets"]) == 15


def test_successors_are_the_nearest_with_what_moved_and_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [OLD_SCIPY, "R/4.2.2-foss-2022b", SCIPY]
    assert main(["environments", "successors", *asked]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "MODULE                           SUCCESSOR                        RELEASE  FOUND BY  PACKAGES",
        "SciPy-bundle/2023.07-gfbf-2023a  SciPy-bundle/2023.11-gfbf-2023b  2023.06  name      13 kept",
        "R/4.2.2-foss-2022b               R/4.3.2-gfbf-2023a               2023.06  name      96 kept, 1086 moved,"
        " 7 lost",
        "SciPy-bundle/2025.07-gfbf-2025b  none is newer",
        "Of R/4.2.2-foss-2022b:",
        "  1086 packages are in R-bundle-CRAN/2023.12-foss-2023a",
        "  lost: elementR, gdalUtilities, geojson, geojsonio, jqr, MODIStsp, protolite",
    ]


def test_successors_may_be_of_one_release_and_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    main(["environments", "successors", OLD_SCIPY, "--release", "2025.06"])
    assert "SciPy-bundle/2024.05-gfbf-2024a  2025.06" in capsys.readouterr().out
    assert main(["environments", "successors", OLD_SCIPY, "--target", "riscv64/generic"]) == 1
    assert capsys.readouterr().out.splitlines()[1] == f"{OLD_SCIPY}  none"


def test_many_lost_packages_are_not_cut_silently_and_json_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["environments", "successors", "Ruby/3.2.2-GCCcore-12.2.0"]
    main([*asked, "--json"])
    newer = json.loads(capsys.readouterr().out)["Ruby/3.2.2-GCCcore-12.2.0"]
    assert [one["generation"] for one in newer] == ["2023a", "2023b", "2024a", "2025a", "2025b"]
    lost = newer[0]["lost"]
    main(asked)
    shown = capsys.readouterr().out.splitlines()[-1]
    assert shown == f"  lost: {', '.join(lost[:12])} and {len(lost) - 12} more (--json names all)"


@pytest.mark.parametrize("action", ["check", "successors"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["numpy"], "'numpy' is not in the catalogue. Look for it with: eessi-spawner search numpy"),
        (["SciPy-bundle"], "There is: SciPy-bundle/2025.07-gfbf-2025b"),
        ([SCIPY, "--release", "1999.01"], "Use one of: 2025.06, 2023.06."),
        ([SCIPY, "--target", "zen3"], "'zen3' is not a CPU target."),
    ],
)
def test_what_is_no_module_release_or_target_is_one_sentence_and_exit_code_2(
    action: str, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["environments", action, *arguments]) == 2
    answer = capsys.readouterr()
    assert words in answer.err
    assert (answer.out, answer.err.count("\n")) == ("", 1)
