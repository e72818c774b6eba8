"""How the programs that build the sample are run, read and, where they are missing, told about."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from threading import Event

import pytest

from eessi_spawner.demo.sample import content, module_files
from eessi_spawner.demo.sample.closures import GENERATIONS
from eessi_spawner.demo.sample.commands import (
    Outcome,
    Workshop,
    make_python_environment,
    run_command,
)
from eessi_spawner.demo.sample.easybuild_hooks import parse_hook
from eessi_spawner.demo.sample.host_lmod import find_lmod
from eessi_spawner.demo.sample.module_files import find_easybuild_version, parse_written, write_module_files
from eessi_spawner.errors import SetUpError


class Recipe(dict[str, list[tuple[str, str]]]):
    name = "FlexiBLAS"


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("  >> generating module file @ /s/modules/all/gfbf/2025b.lua", "gfbf/2025b"),
        ("  >> generating module file @ /s/modules/all/OpenSSL/3.lua", "OpenSSL/3"),
        ("== COMPLETED: Installation ended successfully (took 0 secs)", None),
        ("== building and installing zlib/1.3.1...", None),
    ],
)  # fmt: skip
def test_easybuild_says_which_module_it_writes(line: str, module: str | None) -> None:
    assert parse_written(line) == module


def test_build_dependencies_are_left_out_but_for_the_back_ends_of_flexiblas() -> None:
    recipe = Recipe(builddependencies=[("CMake", "4.0.3"), ("BLIS", "2.0")])
    parse_hook(recipe)
    assert recipe["builddependencies"] == [("BLIS", "2.0")]
    recipe.name = "numactl"
    parse_hook(recipe)
    assert recipe["builddependencies"] == []


def test_lines_are_handed_on_and_the_last_words_kept() -> None:
    heard: list[str] = []
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    argv = [sys.executable, "-u", "-c", script]
    outcome = run_command(argv, environment={}, stop=Event(), on_line=heard.append)
    assert outcome == Outcome(3, "out\nerr")
    assert heard == ["out", "err"]


def test_a_program_is_stopped_when_another_step_has_failed() -> None:
    stop = Event()
    stop.set()
    script = "import time; print('begun', flush=True); time.sleep(60)"
    outcome = run_command([sys.executable, "-c", script], environment={}, stop=stop)
    assert outcome.code != 0


def test_a_program_that_is_missing_ends_as_in_a_shell() -> None:
    outcome = run_command(["/no/such/program"], environment={}, stop=Event())
    assert outcome.code == 127
    assert "/no/such/program" in outcome.words


def test_pip_keeps_its_settings_and_loses_what_misleads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "HTTPS_PROXY", "PYTHONPATH", "EBPYTHONPREFIXES"):
        monkeypatch.setenv(name, "value")
    monkeypatch.setenv("PIP_USER", "1")
    environment = make_python_environment()
    assert environment["PIP_INDEX_URL"] == environment["HTTPS_PROXY"] == "value"
    assert environment["PIP_USER"] == "0"
    assert not {"PYTHONPATH", "EBPYTHONPREFIXES"} & set(environment)


def test_lmod_is_found_by_its_variable_first(tmp_path: Path) -> None:
    for place in ("named", "usual"):
        (tmp_path / place / "libexec").mkdir(parents=True)
        (tmp_path / place / "libexec" / "lmod").touch()
    places = [tmp_path / "absent", tmp_path / "usual"]
    named = {"LMOD_CMD": str(tmp_path / "named/libexec/lmod")}
    assert find_lmod(named, places=places) == tmp_path / "named"
    assert find_lmod({}, places=places) == tmp_path / "usual"
    assert find_lmod({"LMOD_CMD": "/gone/libexec/lmod"}, places=places) == tmp_path / "usual"
    with pytest.raises(SetUpError, match="needs Lmod"):
        find_lmod({}, places=[tmp_path / "absent"])


def test_without_easybuild_the_advice_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(SetUpError, match="not installed") as caught:
        find_easybuild_version()
    assert "eessi-spawner[demo]" in caught.value.advice


def test_words_of_easybuild_come_with_its_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_files, "_find_script", lambda: "eb")
    monkeypatch.setattr(module_files, "run_command", lambda *_, **__: Outcome(1, "ERROR: no such easyconfig"))
    workshop = Workshop(scratch=tmp_path, lmod=tmp_path)
    with pytest.raises(SetUpError, match="2023b") as caught:
        write_module_files(GENERATIONS[0], target=tmp_path, workshop=workshop, on_module=print)
    assert caught.value.details == "ERROR: no such easyconfig"


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("ERROR: Could not find a version (from versions: none)", "package index"),
        ("python: No module named pip", "ensurepip"),
    ],
)
def test_without_network_or_pip_the_advice_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, advice: str
) -> None:
    monkeypatch.setattr(content, "run_command", lambda *_, **__: Outcome(1, words))
    workshop = Workshop(scratch=tmp_path, lmod=tmp_path)
    with pytest.raises(SetUpError) as caught:
        content.choose_versions(GENERATIONS, workshop)
    assert advice in caught.value.advice


@pytest.mark.parametrize(("search_path", "is_linked"), [("EBPYTHONPREFIXES", True), ("PYTHONPATH", False)])
def test_packages_stand_where_modules_and_this_python_look(
    tmp_path: Path,
    search_path: str,
    is_linked: bool,  # noqa: FBT001 - a row of the table
) -> None:
    of_python_399 = replace(GENERATIONS[0].eessi, python="3.99.1")
    foreign = replace(GENERATIONS[0], eessi=of_python_399, search_path=search_path)
    packages = content._make_package_folder(tmp_path, foreign)
    assert packages == tmp_path / "lib/python3.99/site-packages"
    assert (tmp_path / f"lib/python{content.LOCAL_SERIES}/site-packages").exists() is is_linked
