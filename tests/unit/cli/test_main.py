"""The command as a whole: exit codes, and one sentence instead of a traceback whatever goes wrong."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from eessi_spawner import __version__
from eessi_spawner.cli.main import main

COMMAND = shlex.join([sys.executable, "-m", "eessi_spawner.cli.main"])


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line in which CLI stands for the command, as a person types it."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("CLI", COMMAND)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["--unknown"],
        ["detect", "extra"],
        ["detect", "--json", "--chain"],
        ["detect", "--cpuinfo"],
        ["kernels"],
        ["kernels", "unknown"],
        ["kernels", "install"],
        ["kernels", "install", "--path", "a", "--prefix", "b"],
        ["kernels", "explain"],
        ["kernels", "run"],
        ["demo", "--port", "http"],
        ["search"],
        ["search", "numpy", "--limit", "many"],
        ["catalogue"],
        ["catalogue", "unknown"],
        ["environments", "complete"],
        ["labels", "extra"],
        ["labels", "--detect", "--timeout", "long"],
        ["environments", "complete", "numpy", "--language", "cobol"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_2_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert capsys.readouterr().err.startswith("usage: eessi-spawner")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "detect",
        "kernels",
        "kernels list",
        "kernels install",
        "kernels explain",
        "kernels run",
        "search",
        "catalogue info",
        "catalogue update",
        "catalogue check",
        "environments complete",
        "labels",
    ],
)
def test_help_says_what_each_part_does(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([*command.split(), "--help"])
    assert raised.value.code == 0
    assert f"usage: eessi-spawner {command}".rstrip() in " ".join(capsys.readouterr().out.split())


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"eessi-spawner {__version__}\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("CLI detect --cpuinfo /no/such/file", "/no/such/file: No such file or directory."),
        ("CLI detect --cpuinfo /usr", "/usr: Is a directory."),
        ("CLI detect --machine toaster", "EESSI builds for no machine type 'toaster'."),
        ("CLI detect --machine $'\\xff'", "EESSI builds for no machine type"),
        ("CLI kernels --root /no/such/root list", "EESSI was expected at /no/such/root"),
        ("CLI kernels --environments /dev/null list", "/dev/null is not JSON"),
        ("CLI kernels --environments <(echo '[]') --cpu-target zen3 list", "'zen3' is not a CPU target."),
        ("CLI kernels --environments <(echo '[]') explain mine", "There is no environment 'mine'."),
        ("EESSI_SPAWNER_SETTINGS=x CLI kernels list", "The variable EESSI_SPAWNER_SETTINGS was expected"),
        ("CLI detect > /dev/full", "No space left on device."),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_exit_code_2(line: str, words: str) -> None:
    answer = shell(line)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("eessi-spawner: ")
    assert words in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", ["detect", "--help", "kernels --environments <(echo '[]') list"])
def test_a_reader_that_has_gone_is_no_error(arguments: str) -> None:
    # The reader ends before the command writes.
    answer = shell(f"(sleep 0.5; CLI {arguments}) | head -0")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_without_a_standard_output_nothing_is_printed_and_nothing_breaks() -> None:
    answer = shell("CLI detect >&-")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_command_works_where_no_hub_is_installed(tmp_path: Path) -> None:
    for name in ("jupyterhub", "jupyter_client", "ipykernel", "tornado", "traitlets"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not installed here')")
    answer = shell("CLI detect && CLI kernels --environments <(echo '[]') list", PYTHONPATH=str(tmp_path))
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_command_is_installed_under_its_name() -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("eessi-spawner"), "--version"], capture_output=True, text=True, check=True
    )
    assert answer.stdout == f"eessi-spawner {__version__}\n"
