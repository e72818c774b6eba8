"""A kernel without a snapshot: what its recipe resolves to, or the reason why not, on a small real stack."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import IPython
import pytest

from eessi_spawner.errors import (
    CpuMismatchError,
    EESSIError,
    InterpreterMissingError,
    LmodMissingError,
    ModuleLoadError,
    MountAbsentError,
    MountDeadError,
    MountError,
    MountHangingError,
    NotAnEESSIStackError,
    SetUpError,
    UnknownModuleError,
)
from eessi_spawner.kernels import launcher, lmod, promise
from eessi_spawner.kernels.launcher import MAX_SNAPSHOT, read_snapshot
from eessi_spawner.kernels.promise import read_seen
from eessi_spawner.kernels.recipe import Recipe
from eessi_spawner.kernels.resolve import FAILURE_VARIABLE, Resolved, check_mount, keep, read_recipe, resolve, versions
from eessi_spawner.stack.cpu_targets import DETECTION_RULES

LMOD = "/usr/share/lmod/lmod/libexec/lmod"
TARGET = f"{os.uname().machine}/generic"
# Of this one EESSI's table of CPUs knows nothing.
UNKNOWN = f"{os.uname().machine}/made_up"
# What EESSI's own module does: it shows the modules of the first target of the chain that is built.
EESSI_MODULE = """
for target in string.gmatch(os.getenv("EESSI_ARCHDETECT_OPTIONS_OVERRIDE"), "[^:]+") do
  local directory = "{root}/versions/2025.06/software/linux/" .. target
  if isDir(directory .. "/software") then
    setenv("EESSI_SOFTWARE_SUBDIR", target)
    prepend_path("MODULEPATH", directory .. "/modules/all")
    break
  end
end
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A stack in which module Python/3 brings an interpreter, Broken/1 one that is none, and Empty/1 none."""
    if not os.access(LMOD, os.X_OK):
        (pytest.fail if "CI" in os.environ else pytest.skip)("Debian's package lmod is not installed")
    root = tmp_path / "stack"
    build = root / "versions" / "2025.06" / "software" / "linux" / TARGET
    interpreter = build / "software" / "Python" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    # It tells what it was asked to run, which is all that is asked here.
    interpreter.write_text('#!/bin/sh\necho "$EESSI_SOFTWARE_SUBDIR" "$@"\n')
    interpreter.chmod(0o755)
    files = {
        root / "init/modules/EESSI/2025.06.lua": EESSI_MODULE.format(root=root),
        build / "modules/all/Python/3.lua": f'setenv("EBROOTPYTHON", "{build}/software/Python")',
        build / "modules/all/Python/2.lua": "",
        build / "modules/all/Broken/1.lua": 'setenv("EBROOTPYTHON", "/no/such/root")',
        build / "modules/all/Empty/1.lua": "",
    }
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Recipe(str(root), "2025.06", ("Python/3",), "python", "Mine", (UNKNOWN, TARGET), lmod=LMOD)


def launch(recipe: Recipe, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(recipe.to_json()))
    command = [sys.executable, "-IS", launcher.__file__, str(file), "key", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_recipe_resolves_to_the_python_of_its_modules_and_the_target_they_are_of(recipe: Recipe) -> None:
    resolved = resolve(recipe)
    root = f"{recipe.root}/versions/2025.06/software/linux/{TARGET}/software/Python"
    assert resolved.command == [f"{root}/bin/python", "-m", "ipykernel_launcher"]
    assert resolved.variables["EBROOTPYTHON"] == root
    assert resolved.variables["LOADEDMODULES"] == "EESSI/2025.06:Python/3"
    assert resolved.target == TARGET


def test_without_a_chain_the_cpu_is_detected(recipe: Recipe) -> None:
    assert resolve(replace(recipe, chain=())).target == TARGET


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"modules": ("Python/4",)}, UnknownModuleError, "Python is there as 2, 3"),
        ({"modules": ("Nowhere/1",)}, UnknownModuleError, "no version of Nowhere is there"),
        ({"release": "2023.06"}, UnknownModuleError, "no EESSI release 2023.06"),
        ({"modules": ("Empty/1",)}, InterpreterMissingError, "none of them brings Python"),
        ({"modules": ("Broken/1",)}, InterpreterMissingError, "/no/such/root/bin/python cannot be executed"),
        ({"root": "/no/such/root"}, MountAbsentError, "nothing is mounted there"),
        ({"root": "/usr"}, NotAnEESSIStackError, "no directory 'versions'"),
        ({"lmod": "/usr"}, ModuleLoadError, "command /usr cannot be run"),
        ({"lmod": "/bin/echo"}, ModuleLoadError, "Check that /bin/echo is Lmod"),
    ],
)
def test_what_cannot_start_says_why(
    changes: dict[str, object], kind: type[EESSIError], words: str, recipe: Recipe
) -> None:
    with pytest.raises(EESSIError) as raised:
        resolve(replace(recipe, **changes))
    assert type(raised.value) is kind
    assert words in str(raised.value)


def promise_another_cpu(recipe: Recipe, *, built: bool = True) -> Recipe:
    """Pin *recipe* to a target that this machine's CPU does not run; the stack has builds for it where *built*."""
    machine = os.uname().machine
    seen = read_seen(machine)
    other = next(rule.target for rule in DETECTION_RULES[machine] if rule.target not in seen)
    if built:
        builds = Path(recipe.root, "versions/2025.06/software/linux")
        (builds / other).parent.mkdir(parents=True, exist_ok=True)
        (builds / other).symlink_to(builds / TARGET)
    return replace(recipe, chain=(other, TARGET))


def test_builds_that_this_cpu_does_not_run_are_refused(recipe: Recipe) -> None:
    pinned = promise_another_cpu(recipe)
    with pytest.raises(CpuMismatchError) as raised:
        resolve(pinned)
    assert f"promised builds for {pinned.chain[0]}, but the CPU of {os.uname().nodename}" in raised.value.message


def test_a_pin_that_the_release_answers_with_older_builds_is_kept(recipe: Recipe) -> None:
    assert resolve(promise_another_cpu(recipe, built=False)).target == TARGET


def test_of_a_cpu_that_cannot_be_seen_nothing_is_refused(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = promise_another_cpu(recipe)
    monkeypatch.setattr(promise, "CPUINFO", tmp_path / "no cpuinfo")
    assert resolve(pinned).target == pinned.chain[0]


def test_what_the_user_says_of_the_cpu_does_not_count(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = promise_another_cpu(recipe)
    for name in ("EESSI_ARCHDETECT_OPTIONS_OVERRIDE", "EESSI_ARCHDETECT_OPTIONS", "EESSI_SOFTWARE_SUBDIR_OVERRIDE"):
        monkeypatch.setenv(name, TARGET)
    with pytest.raises(CpuMismatchError):
        resolve(pinned)


def test_a_broken_promise_starts_the_fallback_kernel_each_time_and_keeps_nothing(
    recipe: Recipe, tmp_path: Path
) -> None:
    pinned = promise_another_cpu(recipe)
    for _ in range(2):
        answer = launch(pinned, tmp_path, "--version")
        assert answer.stderr.startswith("eessi-spawner: cpu_mismatch: This kernel was promised")
        assert answer.stdout.strip() == IPython.__version__
    assert not Path(launcher.snapshot_directory()).exists()


def test_without_any_lmod_the_error_says_how_to_get_one(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmod, "SYSTEM_LMOD", ())
    monkeypatch.delenv("LMOD_CMD", raising=False)
    with pytest.raises(LmodMissingError, match="apt-get install lmod"):
        resolve(replace(recipe, lmod=""))


def test_a_stack_that_answers_passes_whatever_the_launcher_met_before(recipe: Recipe) -> None:
    for number in (0, errno.ENOEXEC, errno.ENOENT, errno.EIO, errno.ENODATA):
        check_mount(recipe, number)


def test_a_hanging_mount_is_not_waited_for_twice(recipe: Recipe) -> None:
    with pytest.raises(MountHangingError, match="within 20 seconds"):
        check_mount(recipe, errno.ETIMEDOUT)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOTCONN, MountDeadError),
        (errno.EIO, MountDeadError),
        (errno.ESTALE, MountDeadError),
        (errno.EACCES, MountError),
        (errno.ENOTDIR, NotAnEESSIStackError),
    ],
)
def test_what_the_stack_answers_says_what_it_is(
    number: int, kind: type[MountError], recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "probe", lambda _source, _interpreter: number)
    with pytest.raises(MountError) as raised:
        check_mount(recipe)
    assert type(raised.value) is kind


def test_versions_are_those_of_the_first_target_that_is_built(recipe: Recipe) -> None:
    assert versions(recipe, recipe.chain, "Python/9") == ("2", "3")
    assert versions(recipe, recipe.chain, "Nowhere/1") == ()
    assert versions(recipe, (UNKNOWN,), "Python/9") == ()


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "null", '"text"', "{}", '{"modules": [], "chain": []}', "\udcff"]
)
def test_what_is_no_recipe_says_how_to_get_one(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "recipe.json"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SetUpError, match="cannot be read") as raised:
        read_recipe(str(file))
    assert raised.value.advice == "Restart the server, which writes it anew."


@pytest.mark.parametrize("value", ["a\0b", "x" * MAX_SNAPSHOT], ids=["NUL", "too large"])
def test_what_cannot_be_kept_is_only_told(value: str, recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    keep(recipe, "key", Resolved(["/python"], {"A": value}, TARGET))
    assert "the environment of 'Mine' is not kept" in capsys.readouterr().err
    assert read_snapshot("key") is None


def test_in_a_folder_that_others_can_write_nothing_is_kept_and_that_is_only_told(
    recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(launcher.snapshot_directory()).mkdir()
    Path(launcher.snapshot_directory()).chmod(0o777)
    keep(recipe, "key", Resolved(["/python"], {"A": "1"}, TARGET))
    assert "can be written by others" in capsys.readouterr().err


def test_the_first_start_keeps_a_snapshot_and_the_second_needs_neither_recipe_nor_lmod(
    recipe: Recipe, tmp_path: Path
) -> None:
    first = launch(recipe, tmp_path, "--version")
    assert first.returncode == 0, first.stderr
    second = launch(replace(recipe, modules=("Nowhere/1",)), tmp_path, "--version")
    assert second.stdout == first.stdout == f"{TARGET} -m ipykernel_launcher --version\n"
    assert second.stderr == ""


def test_a_changed_stack_is_asked_again(recipe: Recipe, tmp_path: Path) -> None:
    launch(recipe, tmp_path, "--version")
    os.utime(f"{recipe.root}/versions/2025.06/software/linux/{TARGET}/modules/all", ns=(0, 0))
    assert "no module Nowhere/1" in launch(replace(recipe, modules=("Nowhere/1",)), tmp_path, "--version").stderr


@pytest.mark.parametrize("changes", [{"modules": ("Nowhere/1",)}, {"lmod": "/usr"}, {"root": "/no/such/root"}])
def test_where_the_kernel_cannot_start_the_fallback_kernel_does_and_the_log_has_the_reason(
    changes: dict[str, object], recipe: Recipe, tmp_path: Path
) -> None:
    answer = launch(replace(recipe, **changes), tmp_path, "--version")
    assert answer.stderr.startswith("eessi-spawner: ")
    assert "Traceback" not in answer.stderr
    assert answer.stdout.strip() == IPython.__version__


def test_the_longest_and_strangest_details_still_fit_into_the_fallback_kernels_environment(tmp_path: Path) -> None:
    program = (
        "from eessi_spawner.errors import ModuleLoadError\n"
        "from eessi_spawner.kernels import launcher, resolve\n"
        f"resolve.sys.executable = {str(tmp_path / 'print')!r}\n"
        "resolve.fall_back(ModuleLoadError('m', advice='a', details='\\U0001f600' * 100_000 + 'end'), [])\n"
    )
    (tmp_path / "print").write_text(f'#!/bin/sh\nprintf %s "${FAILURE_VARIABLE}"\n')
    (tmp_path / "print").chmod(0o755)
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(answer.stdout)["details"].endswith("\U0001f600end")
