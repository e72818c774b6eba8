"""The service as a process: it starts, answers, ends when it is told to, and says in a sentence why it cannot."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from eessi_spawner.demo.hub import free_port
from eessi_spawner.service import __main__ as service

COMMAND = [sys.executable, "-m", "eessi_spawner.service"]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What JupyterHub tells a service, in the environment; the port."""
    port = free_port()
    for name, value in {
        "JUPYTERHUB_SERVICE_NAME": "eessi",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/eessi/",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        "JUPYTERHUB_API_TOKEN": "of-the-service",
        "JUPYTERHUB_CLIENT_ID": "service-eessi",
        "EESSI_SERVICE_DATABASE": f"sqlite:///{tmp_path}/service.sqlite",
        "EESSI_SPAWNER_CATALOGUE_DIR": str(tmp_path / "catalogue"),
    }.items():
        monkeypatch.setenv(name, value)
    return port


def until_serving(log: IO[str]) -> str:
    """Return what it says until it serves."""
    lines = [log.readline()]
    while "Serving" not in lines[-1]:
        assert lines[-1], "it ended"
        lines.append(log.readline())
    return "".join(lines)


def refused() -> str:
    """Start it, and return why it ended at once."""
    ended = subprocess.run(COMMAND, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_answers_until_it_is_told_to_end(told: int) -> None:
    with subprocess.Popen(COMMAND, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        until_serving(process.stderr)
        with urllib.request.urlopen(f"http://127.0.0.1:{told}/services/eessi/api/v1/health", timeout=30) as answer:
            assert answer.status == 200
        # Nobody answers where the hub should be.
        asked = urllib.request.Request(
            f"http://127.0.0.1:{told}/services/eessi/api/v1/releases", headers={"Authorization": "token ada"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(asked, timeout=30)  # noqa: S310  # http, written above
        with caught.value as error:
            assert error.code == 503
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in rest


@pytest.mark.usefixtures("told")
def test_it_ends_with_a_hub_that_was_killed_and_leaves_the_port_to_the_next() -> None:
    hub = f"import subprocess; subprocess.run({COMMAND!r})"
    with subprocess.Popen([sys.executable, "-c", hub], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        until_serving(process.stderr)
        process.kill()
        # The service has this end of the pipe as well: what is read ends with it.
        assert "What started the service is gone" in process.stderr.read()


def test_the_first_process_of_a_container_has_no_parent_and_misses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([0] * 5)
    monkeypatch.setattr(service.os, "getppid", lambda: next(looks))
    monkeypatch.setattr(service, "_PARENT_SECONDS", 0)
    stop = asyncio.Event()
    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(service._end_with_parent(stop, 0))
    assert not stop.is_set()


def test_who_starts_it_by_hand_reads_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_SERVICE_URL", raising=False)
    assert "Let JupyterHub start it" in refused()


def test_a_port_that_is_taken_is_told(told: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", told))
        other.listen()
        assert f"Nothing can listen at 127.0.0.1:{told}: Address already in use" in refused()


def test_without_its_database_it_answers_what_needs_none(told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EESSI_SERVICE_DATABASE", "sqlite:////no/such/folder/service.sqlite")
    with subprocess.Popen(COMMAND, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told_before = until_serving(process.stderr)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{told}/services/eessi/api/v1/health", timeout=30)
        with caught.value as error:
            assert error.code == 503
        process.terminate()
    assert "unable to open database file" in told_before


@pytest.mark.usefixtures("told")
def test_a_database_of_an_unknown_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EESSI_SERVICE_DATABASE", "nosuch://host/eessi")
    assert "The service's database cannot be used" in refused()
