"""`eessi-spawner kernels`: list, install, explain and run, on environments of a file, a spawner or a small tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.cli.main import main
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings
from eessi_spawner.stack.cpu_targets import DETECTION_RULES
from eessi_spawner.stack.environments import make_environment
from eessi_spawner.stack.host import read_host

LMOD = "/usr/share/lmod/lmod/libexec/lmod"
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
MINE = {"name": "mine", "title": "Mine ☃", "release": "2025.06", "modules": [KERNEL]}
BROKEN = {"name": "broken", "title": "Broken", "release": "2025.06", "modules": [KERNEL, "Nowhere/1"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree whose kernel module brings an interpreter that the system's `true` stands for."""
    root = tmp_path / "stack"
    build = root / "versions/2025.06/software/linux" / read_host().chain[-1].path
    modules = build / "modules/all"
    files = {
        build / "software/Python/bin/python": "#!/bin/sh\n",
        modules / f"{KERNEL}.lua": f'setenv("EBROOTPYTHON", "{build}/software/Python") setenv("MINE", "a b")',
        root / "init/modules/EESSI/2025.06.lua": f'prepend_path("MODULEPATH", "{modules}")',
    }
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    return root


@pytest.fixture
def options(root: Path, tmp_path: Path) -> list[str]:
    """The options that name the tree and a list of environments."""
    file = tmp_path / "environments.json"
    file.write_text(json.dumps([MINE, BROKEN]))
    return ["kernels", "--root", str(root), "--environments", str(file)]


def needs_lmod() -> None:
    if not os.access(LMOD, os.X_OK):
        (pytest.fail if "CI" in os.environ else pytest.skip)("Debian's package lmod is not installed")


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_the_list_is_a_table_for_people(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "KERNEL", "SHOWN", "AS"]
    assert [row.split(maxsplit=2)[::2] for row in rows] == [
        ["mine", "Mine ☃ · EESSI 2025.06"],
        ["broken", "Broken · EESSI 2025.06"],
    ]


def test_the_list_is_json_for_programs(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "list", "--json"]) == 0
    assert listed(capsys)[0] == {
        "name": "mine",
        "kernel": f"eessi-{make_environment(MINE).key}",
        "display_name": "Mine ☃ · EESSI 2025.06",
        "release": "2025.06",
        "modules": [KERNEL],
    }


def test_without_a_file_the_defaults_of_the_tree_are_listed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "--root", str(root), "list", "--json"]) == 0
    assert [row["name"] for row in listed(capsys)] == ["2025.06-python-2025b"]


def test_in_a_servers_terminal_the_spawners_choice_is_listed_unless_a_root_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, KernelSettings("/other", (make_environment(MINE),)).to_variable())
    assert main(["kernels", "list", "--json"]) == 0
    assert [row["name"] for row in listed(capsys)] == ["mine"]
    assert main(["kernels", "--root", str(root), "list", "--json"]) == 0
    assert [row["name"] for row in listed(capsys)] == ["2025.06-python-2025b"]


@pytest.mark.parametrize("place", ["--path", "--prefix"])
def test_installed_specs_are_found_and_name_no_cpu(
    place: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*options, "install", place, str(tmp_path / "there")]) == 0
    kernels = tmp_path / "there" / ("share/jupyter/kernels" if place == "--prefix" else "")
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.parent for path in printed] == [kernels, kernels]
    spec = json.loads((printed[0] / "kernel.json").read_text(encoding="utf-8"))
    assert spec["argv"][0] == sys.executable
    assert json.loads((printed[0] / "recipe.json").read_text(encoding="utf-8"))["chain"] == []


def test_a_pin_is_installed(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--cpu-target", "x86_64/amd/zen2", "install", "--path", str(tmp_path)]) == 0
    recipe = json.loads(Path(capsys.readouterr().out.splitlines()[0], "recipe.json").read_text(encoding="utf-8"))
    assert recipe["chain"] == ["x86_64/amd/zen2", "x86_64/generic"]


@pytest.mark.parametrize("name", ["mine", f"eessi-{make_environment(MINE).key}"])
def test_a_kernel_that_starts_is_explained_step_by_step(
    name: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    needs_lmod()
    assert main([*options, "explain", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("ok    ") for line in lines)
    assert any("2 modules of" in line for line in lines)
    assert lines[-2].endswith("/software/Python/bin/python -m ipykernel_launcher")


def test_of_a_kernel_that_does_not_start_the_failing_step_is_the_last(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    needs_lmod()
    assert main([*options, "explain", "broken"]) == 1
    printed = capsys.readouterr().out
    assert printed.count("FAIL  ") == 1
    assert "FAIL  EESSI 2025.06 has no module Nowhere/1" in printed
    assert "[unknown_module]\nLmod has detected" in printed


def promise(monkeypatch: pytest.MonkeyPatch, root: Path, **said: Any) -> None:
    settings = KernelSettings(str(root), (make_environment(MINE),), **said)
    monkeypatch.setenv(SETTINGS_VARIABLE, settings.to_variable())


def another_cpu() -> str:
    seen = {target.path for target in read_host().chain}
    return next(rule.target for rule in DETECTION_RULES[os.uname().machine] if rule.target not in seen)


def test_a_promise_that_is_kept_is_explained(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_lmod()
    best = read_host().target
    promise(monkeypatch, root, promised=best.path)
    assert main(["kernels", "explain", "mine"]) == 0
    assert f"ok    promised: {best}, and this CPU runs {best}\n" in capsys.readouterr().out


def test_a_kernel_on_another_cpu_than_the_pool_promised_starts_and_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_lmod()
    promise(monkeypatch, root, promised=another_cpu())
    assert main(["kernels", "explain", "mine"]) == 0
    assert f"promised: {another_cpu()}, but this CPU runs at most {read_host().target}" in capsys.readouterr().out


def test_a_kernel_that_is_pinned_to_another_cpu_fails_with_the_mismatch(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_lmod()
    promise(monkeypatch, root, cpu_target="x86_64/generic", targets={"mine": another_cpu()})
    assert main(["kernels", "explain", "mine"]) == 1
    printed = capsys.readouterr().out
    assert f"ok    promised: {another_cpu()}, but this CPU" in printed
    assert f"FAIL  This kernel was promised builds for {another_cpu()}" in printed
    assert "[cpu_mismatch]" in printed


def test_a_pin_of_the_command_wins_over_an_environments_own(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promise(monkeypatch, root, targets={"mine": "x86_64/amd/zen4"})
    assert main(["kernels", "--cpu-target", "x86_64/generic", "install", "--path", str(tmp_path / "there")]) == 0
    recipe = json.loads(Path(capsys.readouterr().out.splitlines()[0], "recipe.json").read_text(encoding="utf-8"))
    assert recipe["chain"] == ["x86_64/generic"]


@pytest.mark.parametrize("action", ["explain", "run"])
def test_an_unknown_name_is_told_with_those_there_are(
    action: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*options, action, "other"]) == 2
    assert capsys.readouterr() == (
        "",
        "eessi-spawner: There is no environment 'other'. Use one of: mine, broken.\n",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("\udcff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "holds no list"),
        ("null", "holds no list"),
        ("[1]", "a mapping was expected, int came"),
        ('[{"name": "Mine"}]', "its name must be"),
    ],
)
def test_a_file_that_lists_no_environments_is_refused(
    text: str, words: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(options[-1]).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert main([*options, "list"]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("file", ["/no/such/file", "/"])
def test_a_file_that_cannot_be_read_is_named(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "--environments", file, "list"]) == 2
    assert capsys.readouterr().err.startswith(f"eessi-spawner: {file}: ")


def test_a_place_that_cannot_be_written_is_named(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "install", "--path", options[-1]]) == 2
    assert capsys.readouterr().err.startswith(f"eessi-spawner: {options[-1]}: File exists.")


def run_in(options: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    needs_lmod()
    command = [sys.executable, "-m", "eessi_spawner.cli.main", *options, "run", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("separator", [[], ["--"]])
def test_a_command_runs_in_the_kernels_environment_with_its_arguments(separator: list[str], options: list[str]) -> None:
    answer = run_in(options, "mine", *separator, "sh", "-c", 'echo "$MINE|$1|$PYTHONPATH"; exit 7', "sh", "x y")
    assert (answer.returncode, answer.stdout, answer.stderr) == (7, "a b|x y|\n", "")


def test_a_command_that_is_not_there_is_told_without_a_traceback(options: list[str]) -> None:
    answer = run_in(options, "mine", "no-such-command")
    assert answer.returncode == 127
    assert "Traceback" not in answer.stderr


def test_in_an_environment_that_does_not_load_nothing_runs(options: list[str]) -> None:
    answer = run_in(options, "broken", "echo", "ran")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "has no module Nowhere/1" in answer.stderr
    assert "Traceback" not in answer.stderr
