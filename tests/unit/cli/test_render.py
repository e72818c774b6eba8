"""`eessi-spawner render`: the pod of a hub's configuration, without a cluster, and nothing else on standard output."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from eessi_spawner.cli.main import main
from eessi_spawner.cli.render import parse_options
from eessi_spawner.errors import InvalidChoiceError
from tests.unit.cli.rendered import EESSI, PROFILES, Render, variables


@pytest.mark.parametrize(
    "line",
    [
        EESSI,
        'c.JupyterHub.spawner_class = "eessi_spawner.EESSISpawner"',
        "from eessi_spawner import EESSISpawner\nc.JupyterHub.spawner_class = EESSISpawner",
        "from eessi_spawner import EESSISpawner as E\nclass Mine(E):\n    pass\nc.JupyterHub.spawner_class = Mine",
    ],
    ids=["entry-point", "dotted", "class", "subclass"],
)
def test_the_pod_has_eessi_however_the_spawner_is_named(line: str, render: Render) -> None:
    (pod,) = render(line)
    assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")
    assert pod["metadata"]["name"] == "jupyter-jovyan"
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["eessi-cvmfs"]


def test_the_user_and_the_named_server_are_those_that_were_asked_for(render: Render) -> None:
    (pod,) = render(EESSI, "--user", "gina", "--server", "lab")
    assert variables(pod)["JUPYTERHUB_USER"] == "gina"
    assert variables(pod)["JUPYTERHUB_SERVICE_PREFIX"] == "/user/gina/lab/"
    assert pod["metadata"]["annotations"]["hub.jupyter.org/servername"] == "lab"


def test_a_profile_and_its_options_are_applied(render: Render) -> None:
    (pod,) = render(EESSI + PROFILES, "--option", "profile=large", "--option", "eessi=2023.06")
    assert pod["spec"]["containers"][0]["resources"]["limits"]["cpu"] == 8
    assert "2023.06-python" in variables(pod)["EESSI_SPAWNER_SETTINGS"]
    assert "2025.06-python" not in variables(pod)["EESSI_SPAWNER_SETTINGS"]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_the_admins_hook_has_the_last_word(kind: str, render: Render) -> None:
    hook = f"""
{kind} hook(spawner, pod):
    pod.metadata.labels["volumes"] = "-".join(volume["name"] for volume in pod.spec.volumes)
    return pod
c.KubeSpawner.modify_pod_hook = hook
"""
    (pod,) = render(EESSI + hook)
    assert pod["metadata"]["labels"]["volumes"] == "eessi-cvmfs", "it sees what EESSI adds"


def test_a_service_keeps_its_name_with_a_comment_and_an_address_has_none(
    config: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    for server, commented in (("nfs.cvmfs", True), ("192.0.2.7", False), ("nas.site.example.org", False)):
        line = f'c.EESSISpawner.eessi_attach = {{"way": "nfs", "server": "{server}"}}'
        assert main(["render", "--config", config(EESSI + line)]) == 0
        printed = capfd.readouterr().out
        assert yaml.safe_load(printed)["spec"]["volumes"][0]["nfs"]["server"] == server
        assert printed.startswith(f"# {server}: if this is a Service of the cluster, the spawner puts") == commented


def test_a_way_that_needs_a_privileged_namespace_says_so(
    config: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    for way, commented in (("host_path", True), ("csi", False), ("ephemeral", False)):
        assert main(["render", "--config", config(f"{EESSI}c.EESSISpawner.eessi_attach = {way!r}")]) == 0
        words = "# Pod Security of the namespace has to be 'privileged', for directory /cvmfs of the node."
        assert (words in capfd.readouterr().out) == commented


def test_a_pre_spawn_hook_is_not_run_and_the_output_says_so(
    config: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--config", config(EESSI + "c.Spawner.pre_spawn_hook = lambda spawner: 1 / 0")]) == 0
    assert "# pre_spawn_hook was not run" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ('{"way": "csi", "storage_class": "cvmfs"}', ["PersistentVolumeClaim", "Pod"]),
        ('{"way": "csi", "static": True}', ["PersistentVolume", "PersistentVolumeClaim", "Pod"]),
    ],
)
@pytest.mark.parametrize("namespaces", ["False", "True"])
def test_claims_that_the_spawner_makes_come_before_the_pod(
    settings: str, kinds: list[str], namespaces: str, render: Render
) -> None:
    lines = f"c.EESSISpawner.eessi_attach = {settings}\nc.KubeSpawner.enable_user_namespaces = {namespaces}\n"
    documents = render(EESSI + lines, "--user", "gina")
    assert [found["kind"] for found in documents] == kinds
    claim, pod = documents[-2:]
    assert claim["metadata"]["name"] == pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert claim["metadata"]["namespace"] == pod["metadata"]["namespace"]
    assert (claim["metadata"]["name"] == "jupyter-gina-cvmfs") == (namespaces == "True")


def test_secrets_of_the_hub_are_placeholders(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "from-the-environment")
    lines = """
c.JupyterHub.services = [{"name": "s", "api_token": "of-a-service"}]
c.JupyterHub.cookie_secret = b"0" * 32
c.Spawner.env_keep = ["CONFIGPROXY_AUTH_TOKEN"]
c.Spawner.environment = {"S": "Bearer of-a-service", "MY_PASSWORD": "given-to-users", "PLAIN": "shown"}
"""
    (pod,) = render(EESSI + lines)
    found = variables(pod)
    assert found["JUPYTERHUB_API_TOKEN"] == found["JPY_API_TOKEN"] == "<API token>"
    assert found["CONFIGPROXY_AUTH_TOKEN"] == "<secret of the hub>"
    assert found["S"] == "Bearer <secret of the hub>"
    assert found["MY_PASSWORD"] == "<secret of the hub>"
    assert found["PLAIN"] == "shown"


def test_what_the_configuration_prints_is_not_among_the_yaml(render: Render) -> None:
    noise = 'import os\nprint("from Python: {")\nos.system("echo from a program: [")\n'
    (pod,) = render(noise + EESSI)
    assert pod["kind"] == "Pod"


def test_options_are_texts_lists_and_json() -> None:
    given = ["a=1", "b=x", "b=y", "b=z", 'c=["p"]', 'd={"q": [1]}', "e=", "f=x=y", 'g=["a"]', 'g=["b"]']
    expected = {"a": "1", "b": ["x", "y", "z"], "c": ["p"], "d": {"q": [1]}, "e": "", "f": "x=y", "g": [["a"], ["b"]]}
    assert parse_options(given) == expected
    with pytest.raises(InvalidChoiceError):
        parse_options(["=x"])
