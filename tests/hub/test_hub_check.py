"""The check that `helm test` runs, on a real hub with the services and roles of the values for Zero to JupyterHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jupyterhub
import pytest

from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from eessi_spawner.demo.hub_check import main
from eessi_spawner.demo.visitor import Visitor

CONFIG = Path(__file__).with_name("overlay_config.py")
USER = "eessi-check"
TOKEN = "token-of-eessi-test"
# What the token of the server in which it runs may do.
SCOPES = """\
import json, os, urllib.request
url, token = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
request = urllib.request.Request(f"{url}/user", headers={"Authorization": f"token {token}"})
print(json.load(urllib.request.urlopen(request))["scopes"])
"""
pytestmark = pytest.mark.sample_stack


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, sample_stack: Path, artefacts: Path) -> Iterator[DemoHub]:
    log = artefacts / f"hub-check-jupyterhub-{jupyterhub.__version__}.log"
    log.unlink(missing_ok=True)
    state = tmp_path_factory.mktemp("hub-check")
    with running_hub(state, root=str(sample_stack), port=free_port(), log=log, config=CONFIG) as running:
        yield running


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)


def status(hub: DemoHub, path: str, method: str = "GET") -> int:
    return Visitor(hub.url).call(path, method=method, token=TOKEN).status


def use_notebook(monkeypatch: pytest.MonkeyPatch, folder: Path, cell: str) -> None:
    notebook = folder / "short.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": [cell]}]}))
    monkeypatch.setattr("eessi_spawner.demo.hub_check.NOTEBOOK", notebook)


def test_it_starts_a_server_runs_the_notebook_and_leaves_nothing(
    hub: DemoHub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", hub.url, "--user", USER]) == 0
    told = capsys.readouterr().out
    for claim in (
        "Server ready",
        "the notebook runs in Python",
        "500 equations solved",
        "The middle is at 0.2",
        "are removed",
    ):
        assert claim in told
    assert status(hub, f"hub/api/users/{USER}") == 404


def test_what_a_killed_check_has_left_is_in_no_ones_way(
    hub: DemoHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_notebook(monkeypatch, tmp_path, "print(1)")
    assert status(hub, f"hub/api/users/{USER}", "POST") == 201
    assert status(hub, f"hub/api/users/{USER}/server", "POST") in (201, 202)
    assert main(["--url", hub.url, "--user", USER]) == 0


def test_a_cell_that_fails_is_told_and_nothing_is_left(
    hub: DemoHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_notebook(monkeypatch, tmp_path, "1 / 0")
    assert main(["--url", hub.url, "--user", USER]) == 1
    told = capsys.readouterr().out
    assert "ZeroDivisionError" in told
    assert "Cell 1 of the notebook was expected to run, and did not" in told
    assert status(hub, f"hub/api/users/{USER}") == 404


def test_its_token_is_good_for_its_user_alone(hub: DemoHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", hub.url, "--user", "ada"]) == 1
    assert "was expected to be answered by 201, and 40" in capsys.readouterr().out
    assert status(hub, "hub/api/users/ada", "POST") != 201


def test_a_servers_own_token_may_ask_the_service(
    hub: DemoHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_notebook(monkeypatch, tmp_path, SCOPES)
    assert main(["--url", hub.url, "--user", USER]) == 0
    assert "'access:services!service=eessi'" in capsys.readouterr().out


def test_without_a_hub_or_a_token_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", "http://127.0.0.1:9/", "--user", USER]) == 1
    assert "http://127.0.0.1:9/ does not answer" in capsys.readouterr().out
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN")
    assert main(["--url", "http://127.0.0.1:9/", "--user", USER]) == 1
    assert "JUPYTERHUB_API_TOKEN was expected to hold a token" in capsys.readouterr().out
