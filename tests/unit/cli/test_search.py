"""`eessi-spawner search`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from eessi_spawner.cli.main import main


@pytest.fixture(autouse=True)
def _nothing_saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_DIR", str(tmp_path / "none"))


def test_hits_are_an_aligned_table_and_the_age_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "scipy-bundle", "--release", "2023.06"]) == 0
    answer = capsys.readouterr()
    assert answer.out.splitlines() == [
        "MODULE                           RELEASE  CPU TARGETS              MATCHED",
        "SciPy-bundle/2023.11-gfbf-2023b  2023.06  all 14                   name",
        "SciPy-bundle/2023.07-gfbf-2023a  2023.06  all 14                   name",
        "SciPy-bundle/2023.02-gfbf-2022b  2023.06  all but x86_64/amd/zen4  name",
    ]
    assert answer.err.startswith("Data: the catalogue of this package, ")
    assert "(2026-08-21)" in answer.err


def test_the_extension_that_matched_is_shown_with_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["search", "numpy", "1.26"])
    assert "numpy 1.26.4" in capsys.readouterr().out


def test_json_is_a_list_of_all_hits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "py", "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert len(hits) > 200
    assert {"name", "version", "release", "module", "targets", "extensions_matched"} <= hits[0].keys()


def test_nothing_is_cut_silently(capsys: pytest.CaptureFixture[str]) -> None:
    main(["search", "py", "--limit", "3"])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 5
    assert shown[-1].startswith("... and ")
    assert "--limit 0 shows all" in shown[-1]
    main(["search", "py", "--limit", "0"])
    assert len(capsys.readouterr().out.splitlines()) > 200


def test_a_typing_error_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "gromcas", "--target", "x86_64/amd/zen3"]) == 0
    assert "Nothing is called exactly so; these come close." in capsys.readouterr().out


def test_what_was_left_out_of_the_question_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["search", "pytorch", "9.9"])
    assert "Nothing answers '9.9'" in capsys.readouterr().out


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_nothing_found_is_exit_code_1(json_too: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "qqqqqqqq", *json_too]) == 1
    assert capsys.readouterr().out in {"Nothing was found for 'qqqqqqqq'.\n", "[]\n"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--release", "2020.01"], "The catalogue has no release '2020.01'. Use one of: 2025.06, 2023.06."),
        (["--target", "zen3"], "'zen3' is not a CPU target."),
        (["--accelerator", "h100"], "'h100' is not an accelerator target."),
        (["--tree", "/no/such/tree"], "EESSI was expected at /no/such/tree"),
    ],
)
def test_a_wrong_filter_is_one_sentence_and_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "numpy", *arguments]) == 2
    answer = capsys.readouterr()
    assert words in answer.err
    assert (answer.out, answer.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("command", ["search", "environments complete"])
def test_text_that_no_terminal_can_show_is_no_traceback(command: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "eessi_spawner.cli.main", *command.split(), b"nump\xff", b"qqqq\xff"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        check=False,
    )
    assert answer.returncode in {0, 1}
    assert b"Traceback" not in answer.stderr


def in_terminal(**variables: str) -> str:
    """Return what the command writes to a terminal."""
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "eessi_spawner.cli.main", "search", "numpy", "--limit", "1"],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **variables},
        check=True,
    )
    os.close(theirs)
    text = os.read(ours, 10_000).decode()
    os.close(ours)
    return text


def test_colour_is_for_terminals_that_want_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["search", "numpy"])
    assert "\x1b" not in capsys.readouterr().out
    assert "\x1b[1m" in in_terminal(NO_COLOR="")
    assert "\x1b" not in in_terminal(NO_COLOR="1")
    assert "\x1b" not in in_terminal(NO_COLOR="", TERM="dumb")
