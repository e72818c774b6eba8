"""The way into a cluster is found as kubectl finds it, and what is refused is said in a sentence."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from kubernetes_asyncio.client import ApiException
from kubernetes_asyncio.config import kube_config

from eessi_spawner.cluster.access import connect, explained
from eessi_spawner.errors import ClusterError


def kubeconfig(path: Path) -> Path:
    """Write one with the contexts a and b, of which a is the current one."""
    names = ("a", "b")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": f"http://{name}.example.org"}} for name in names],
        "users": [{"name": "me", "user": {"token": "x"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in names],
        "current-context": "a",
    }
    path.write_text(json.dumps(config))
    return path


def host(file: str = "", context: str = "") -> str:
    async def ask() -> str:
        async with await connect(file, context) as client:
            return str(client.configuration.host)

    return asyncio.run(ask())


def test_a_kubeconfig_and_a_context_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kubeconfig(tmp_path / "config")
    assert host(str(file)) == "http://a.example.org"
    assert host(str(file), "b") == "http://b.example.org"
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    assert host() == "http://a.example.org"


@pytest.mark.parametrize("text", [None, "", "[]", "{", "kind: Config", "\x00"])
def test_where_there_is_no_way_in_it_says_how_to_name_one(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    for given in ("", str(file)):
        with pytest.raises(ClusterError, match=r"No way into a cluster was found: .+ Name a kubeconfig"):
            host(given)


def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="nowhere"):
        host(str(kubeconfig(tmp_path / "config")), "nowhere")


def refusal(body: str | None) -> ApiException:
    error = ApiException(403, "Forbidden")
    error.body = body
    return error


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (refusal('{"message": "nodes is forbidden:\\n no"}'), "refused to list (HTTP 403): nodes is forbidden: no "),
        (refusal("<html>"), "refused to list (HTTP 403): <html>"),
        (refusal("[]"), "refused to list (HTTP 403): []"),
        (refusal(None), "refused to list (HTTP 403): Forbidden"),
        (aiohttp.ClientConnectionError("gone"), "did not answer when asked to list: gone."),
        (asyncio.TimeoutError(), "did not answer when asked to list: TimeoutError."),
        (ConnectionResetError("reset"), "did not answer when asked to list: reset."),
    ],
)
def test_what_the_cluster_answers_is_told(raised: Exception, words: str) -> None:
    with pytest.raises(ClusterError) as caught, explained("list"):
        raise raised
    assert words in str(caught.value)
