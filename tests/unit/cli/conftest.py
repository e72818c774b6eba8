"""Configurations, rendered where there is neither a cluster nor a network."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_asyncio.config import kube_config
from kubespawner.clients import load_config

from eessi_spawner.cli.main import main
from tests.unit.cli.rendered import Refused, Render


@pytest.fixture
def no_cluster_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Take away kubeconfig and network, and return what was tried of the latter."""
    tried: list[object] = []

    def refuse(*arguments: object, **_more: object) -> None:
        tried.append(arguments)
        raise OSError("no network here")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_config.cache_clear()
    return tried


@pytest.fixture
def config(tmp_path: Path, no_cluster_and_no_network: list[object]) -> Callable[[str], str]:
    """Return a function that writes a configuration and returns its path."""

    def write(text: str) -> str:
        assert not no_cluster_and_no_network
        file = tmp_path / "jupyterhub_config.py"
        file.write_text(f"c = get_config()\n{text}")
        return str(file)

    return write


@pytest.fixture
def render(
    config: Callable[[str], str], capfd: pytest.CaptureFixture[str], no_cluster_and_no_network: list[object]
) -> Render:
    """Return a function that renders a configuration and returns the documents."""

    def render(text: str, *arguments: str) -> list[dict[str, Any]]:
        assert main(["render", "--config", config(text), *arguments]) == 0
        assert not no_cluster_and_no_network
        return list(yaml.safe_load_all(capfd.readouterr().out))

    return render


@pytest.fixture
def refused(config: Callable[[str], str], capfd: pytest.CaptureFixture[str]) -> Refused:
    """Return a function that renders what cannot be rendered and returns what it says."""

    def refused(text: str, *arguments: str) -> str:
        assert main(["render", "--config", config(text), *arguments]) == 2
        printed, said = capfd.readouterr()
        assert printed == ""
        assert "Traceback" not in said
        return said

    return refused
