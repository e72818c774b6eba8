"""`eessi-spawner catalogue`: info, check and update, as a person sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from eessi_spawner.cli.main import main
from tests.unit.stack.catalogue.published import many_modules
from tests.unit.stack.catalogue.server import Server, running_server


@pytest.fixture(autouse=True)
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running_server() as running:
        running.behaviour.publish(many_modules(1200))
        monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_URL", running.url)
        monkeypatch.setenv("EESSI_SPAWNER_CATALOGUE_PROXY", "none")
        yield running


def test_info_says_what_the_package_brings_and_how_old_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Data: the catalogue of this package, ")
    assert lines[1:4] == [
        "RELEASE  MODULES  SOFTWARE  GENERATIONS          CPU TARGETS",
        "2025.06  1055     510       2024a, 2025a, 2025b  15",
        "2023.06  1240     675       2022b, 2023a, 2023b  14",
    ]


def test_info_as_json_has_all_figures(capsys: pytest.CaptureFixture[str]) -> None:
    main(["catalogue", "info", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["source"], said["day"], said["modules"]) == ("bundled", "2026-08-21", 2295)


def test_an_update_is_what_info_and_search_then_speak_of(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "check"]) == 1
    assert "No catalogue has been fetched yet" in capsys.readouterr().out
    assert main(["catalogue", "update"]) == 0
    assert "Updated: 1200 modules, from http://127.0.0.1" in capsys.readouterr().out
    assert main(["catalogue", "check"]) == 0
    assert main(["catalogue", "update"]) == 0
    assert capsys.readouterr().out == "The catalogue is up to date.\n" * 2
    assert main(["search", "software7"]) == 0
    assert server.url in capsys.readouterr().err
    server.behaviour.publish(many_modules(1201))
    assert main(["catalogue", "check"]) == 1
    assert capsys.readouterr().out == "There is a newer catalogue: eessi-spawner catalogue update\n"


@pytest.mark.parametrize("fault", ["portal", "truncate", "error", "reset"])
def test_a_failed_update_is_one_sentence_and_exit_code_2_and_the_answers_stay(
    server: Server, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behaviour.fault = fault
    assert main(["catalogue", "update"]) == 2
    answer = capsys.readouterr()
    assert answer.err.startswith("eessi-spawner: ")
    assert answer.err.count("\n") == 1
    assert main(["search", "numpy"]) == 0


def test_a_smaller_catalogue_needs_to_be_wanted(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.behaviour.publish(many_modules(3))
    assert main(["catalogue", "update"]) == 2
    assert "--accept-smaller" in capsys.readouterr().err
    assert main(["catalogue", "update", "--accept-smaller"]) == 0


def test_a_damaged_catalogue_is_told_and_the_packages_is_used(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "catalogue.index").write_text("damaged")
    assert main(["search", "numpy"]) == 0
    assert "Warning: the bundled catalogue is used" in capsys.readouterr().err
    assert main(["catalogue", "info"]) == 0
    assert "Warning: the bundled catalogue is used" in capsys.readouterr().out


def test_a_server_without_hashes_is_told(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.behaviour.hashes = None
    assert main(["catalogue", "check"]) == 1
    assert "publishes no hash" in capsys.readouterr().out
    assert main(["catalogue", "update"]) == 0
    assert "Warning: http://" in capsys.readouterr().out
