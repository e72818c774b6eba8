"""What a kernel inherits, where snapshots lie, what the launcher asks the stack, and what it becomes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.kernels import launcher
from eessi_spawner.kernels.launcher import (
    FOREIGN_NAMES,
    FOREIGN_PREFIXES,
    SYSTEM_PATH,
    inherited,
    probe,
    read_revision,
    runtime_directory,
    snapshot_directory,
)
from eessi_spawner.kernels.snapshot import write_snapshot

KEPT = (
    "HOME USER LOGNAME SHELL LANG LC_ALL TZ TMPDIR TERM HTTPS_PROXY no_proxy SSL_CERT_FILE OMP_NUM_THREADS"
    " CUDA_VISIBLE_DEVICES JUPYTERHUB_API_TOKEN JUPYTERHUB_USER JPY_PARENT_PID JPY_SESSION_NAME JUPYTER_RUNTIME_DIR"
    " XDG_RUNTIME_DIR MPLBACKEND SLURM_JOB_ID KUBERNETES_SERVICE_HOST MY_OWN R"
).split()


@pytest.mark.parametrize("name", KEPT)
def test_what_belongs_to_the_user_or_the_server_is_inherited(name: str) -> None:
    assert inherited({name: "value"})[name] == "value"


@pytest.mark.parametrize("name", sorted(FOREIGN_NAMES - {"PATH"}))
def test_a_variable_of_another_software_environment_is_dropped(name: str) -> None:
    assert name not in inherited({name: "value"})


@pytest.mark.parametrize("prefix", FOREIGN_PREFIXES)
def test_all_variables_of_another_software_environment_are_dropped(prefix: str) -> None:
    assert set(inherited({f"{prefix}X": "value", prefix: "value"})) == {"PATH"}


@pytest.mark.parametrize(
    "name",
    """
    PYTHONPATH PYTHONHOME PYTHONSTARTUP LD_LIBRARY_PATH LD_PRELOAD CONDA_PREFIX VIRTUAL_ENV JUPYTER_PATH JUPYTERLAB_DIR
    JUPYTER_CONFIG_DIR JUPYTER_PREFER_ENV_PATH LMOD_CMD LMOD_SYSTEM_DEFAULT_MODULES EBROOTPYTHON EBPYTHONPREFIXES
    EESSI_SPAWNER_SETTINGS EESSI_ARCHDETECT_OPTIONS EESSI_ACCEL_SOFTWARE_SUBDIR R_LIBS_USER PERL5LIB JULIA_DEPOT_PATH
    CMAKE_PREFIX_PATH PKG_CONFIG_PATH MODULEPATH LOADEDMODULES BASH_ENV ENV XDG_DATA_DIRS __LMOD_REF_COUNT_PATH
    _ModuleTable001_ PIP_TARGET
    """.split(),
)
def test_what_is_known_to_break_kernels_is_dropped(name: str) -> None:
    assert name not in inherited({name: "value"})


@settings(max_examples=30)
@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_path_is_always_the_systems_and_nothing_is_invented(environ: dict[str, str]) -> None:
    kept = inherited(environ)
    assert kept.pop("PATH") == SYSTEM_PATH
    assert kept.items() <= environ.items()


def test_snapshots_lie_in_the_first_runtime_directory_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", str(tmp_path / "missing"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert snapshot_directory() == f"{tmp_path}/eessi-spawner-snapshots-{os.getuid()}"
    monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    assert runtime_directory() == str(tmp_path / "own")


def test_without_a_runtime_directory_snapshots_lie_in_tmp_and_never_in_the_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", "")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert runtime_directory() == "/tmp"  # noqa: S108


def test_a_changed_timestamp_changes_the_revision(tmp_path: Path) -> None:
    file = tmp_path / "timestamp"
    file.write_text("1")
    before = read_revision(f"stat:{file}")
    assert read_revision(f"stat:{file}") == before
    os.utime(file, ns=(0, 1))
    assert read_revision(f"stat:{file}") == "1.1"


def test_a_probe_tells_the_revision_and_leaves_no_child(tmp_path: Path) -> None:
    assert probe(f"stat:{tmp_path}", sys.executable) == read_revision(f"stat:{tmp_path}")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("source", "interpreter", "number"),
    [
        ("stat:/no/such/place", sys.executable, errno.ENOENT),
        ("xattr:/no/such/place", sys.executable, errno.ENOENT),
        ("stat:/etc/passwd/versions", sys.executable, errno.ENOTDIR),
        ("stat:/" + "x" * 300, sys.executable, errno.ENAMETOOLONG),
        ("stat:/", "/no/such/python", errno.ENOEXEC),
        ("stat:/", "/etc/passwd", errno.ENOEXEC),
        # A child that meets what nobody thought of answers nothing.
        ("stat:/\0", sys.executable, errno.EIO),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_probe_tells_what_it_met(source: str, interpreter: str, number: int) -> None:
    assert probe(source, interpreter) == number


def test_a_probe_that_gets_no_answer_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "MOUNT_SECONDS", 0.1)
    monkeypatch.setattr(launcher, "read_revision", lambda _source: time.sleep(30))
    started = time.monotonic()
    assert probe("stat:/", sys.executable) == errno.ETIMEDOUT
    assert time.monotonic() - started < 5
    os.waitpid(-1, 0)


def run_launcher(key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-IS", launcher.__file__, "/no/such/recipe.json", key, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def keep_snapshot(key: str, source: Path, *, revision: str | None = None, program: str = "/usr/bin/env") -> None:
    revision = read_revision(f"stat:{source}") if revision is None else revision
    write_snapshot(
        f"{key}@{os.uname().nodename}",
        source=f"stat:{source}",
        revision=revision,
        command=[program],
        variables={"PYTHONPATH": "/of/the/modules", "MULTI": "a\nb=c", "PATH": "/of/the/modules"},
    )


def test_with_a_fitting_snapshot_the_launcher_becomes_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_snapshot("key", tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/foreign")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    answer = run_launcher("key", "-0")
    variables = dict(line.split("=", 1) for line in answer.stdout.split("\0") if line)
    assert answer.returncode == 0
    assert variables["PYTHONPATH"] == variables["PATH"] == "/of/the/modules"
    assert variables["MULTI"] == "a\nb=c"
    assert variables["JUPYTERHUB_API_TOKEN"] == "secret"
    assert "LD_LIBRARY_PATH" not in variables


@pytest.mark.parametrize(
    "stale", [{"revision": "older"}, {"program": "/no/such/python"}], ids=["another revision", "no interpreter"]
)
def test_without_a_fitting_snapshot_the_launcher_asks_for_the_recipe(tmp_path: Path, stale: dict[str, str]) -> None:
    keep_snapshot("key", tmp_path, **stale)
    answer = run_launcher("key", "--version")
    assert "recipe /no/such/recipe.json cannot be read" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_on_the_fast_path_nothing_is_imported_but_what_python_has_loaded_already(tmp_path: Path) -> None:
    keep_snapshot("key", tmp_path)
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", "-IS", launcher.__file__, "/no/recipe", "key"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in traced.stderr.splitlines()}
    assert not imported & {"json", "subprocess", "pathlib", "re", "tempfile", "typing", "eessi_spawner"}


def test_what_cannot_be_executed_gives_the_turn_back() -> None:
    assert launcher.become(["/no/such/program"], {}).errno == errno.ENOENT
