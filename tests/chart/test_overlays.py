"""The values for other charts have no key that these do not take, and say what our package understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eessi_spawner.cli.main import main
from eessi_spawner.spawner.kube import EESSISpawner
from tests.chart.helm import CHART, Helm

FOLDER = CHART.parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
JUPYTERHUB = yaml.safe_load((FOLDER / "jupyterhub-values.yaml").read_text(encoding="utf-8"))
DRIVER = yaml.safe_load((FOLDER / "cvmfs-csi-values.yaml").read_text(encoding="utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
# zero-to-jupyterhub-k8s 4.4.0, jupyterhub/values.yaml, scheduling.userPods.tolerations.
USER_POD_TOLERATIONS = [
    {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for key in ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
]


def listed(chart: str) -> list[str]:
    """Return the keys in the table of a chart."""
    _, _, rest = README.partition(f"| key of {chart} |")
    table, _, _ = rest.partition("\n\n")
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def keys(values: Any, path: str = "") -> Iterator[str]:
    if not isinstance(values, dict) or not values:
        yield path
        return
    for name, value in values.items():
        yield from keys(value, f"{path}.{name}" if path else name)


@pytest.mark.parametrize(("chart", "values"), [("Zero to JupyterHub", JUPYTERHUB), ("cvmfs-csi", DRIVER)])
def test_each_key_stands_in_the_table_of_its_chart_and_each_row_is_used(chart: str, values: Any) -> None:
    rows, used = listed(chart), list(keys(values))
    assert rows
    assert [key for key in used if not any(f"{key}.".startswith(f"{row}.") for row in rows)] == []
    assert [row for row in rows if not any(f"{key}.".startswith(f"{row}.") for key in used)] == []


def test_a_hub_with_these_settings_mounts_the_claim_that_the_chart_makes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings = JUPYTERHUB["hub"]["config"]
    assert set(settings["EESSISpawner"]) <= set(EESSISpawner.class_traits(config=True))
    config = tmp_path / "jupyterhub_config.py"
    # As the chart passes them on: jupyterhub/files/hub/jupyterhub_config.py.
    config.write_text(f"c = get_config()\nfor name, values in {settings!r}.items():\n    c[name].update(values)\n")
    assert main(["render", "--config", str(config)]) == 0
    (pod,) = yaml.safe_load_all(capfd.readouterr().out)
    assert {"claimName": VALUES["attach"]["claim"], "readOnly": True} in [
        volume.get("persistentVolumeClaim") for volume in pod["spec"]["volumes"]
    ]


def test_pools_are_found_only_with_the_rights_that_the_chart_gives() -> None:
    assert JUPYTERHUB["hub"]["config"]["EESSISpawner"]["find_node_pools"]
    assert VALUES["rbac"]["nodes"]
    assert VALUES["rbac"]["pods"]


def test_the_driver_tolerates_what_users_pods_tolerate() -> None:
    tolerations = DRIVER["nodeplugin"]["tolerations"]
    assert [toleration for toleration in USER_POD_TOLERATIONS if toleration not in tolerations] == []


def test_the_driver_keeps_its_cache_and_has_a_proxy_that_is_not_cerns() -> None:
    lines = DRIVER["extraConfigMaps"]["cvmfs-csi-default-local"]["default.local"].splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert settings["CVMFS_QUOTA_LIMIT"] == "{{ .Values.cache.local.cvmfsQuotaLimit }}"
    assert settings["CVMFS_CACHE_BASE"] == "{{ .Values.cache.local.location }}"
    assert settings["CVMFS_HTTP_PROXY"] == '"DIRECT"'
    assert settings["CVMFS_CLIENT_PROFILE"] == "custom"
    (several,) = [line for line in lines if "CVMFS_HTTP_PROXY" in line and line.startswith("#")]
    proxies = re.findall(r"[^|;\"]+", several.partition("=")[2])
    assert proxies[-1] == "DIRECT"
    assert all(re.fullmatch(r"http://[a-z0-9.-]+:\d+", proxy) for proxy in proxies[:-1])


def test_the_hub_reaches_the_service_where_the_chart_runs_it(helm: Helm) -> None:
    service = JUPYTERHUB["hub"]["services"]["eessi"]
    made = helm.objects({}, "service")
    name, (port,) = made["Service"]["metadata"]["name"], made["Service"]["spec"]["ports"]
    assert service["url"] == f"http://{name}:{port['port']}"
    assert made["ConfigMap"]["data"]["JUPYTERHUB_SERVICE_NAME"] == "eessi"
    assert made["ConfigMap"]["data"]["JUPYTERHUB_CLIENT_ID"] == "service-eessi"


def test_users_servers_are_let_out_to_the_service_and_to_nothing_else(helm: Helm) -> None:
    (rule,) = JUPYTERHUB["singleuser"]["networkPolicy"]["egress"]
    made = helm.objects({}, "service")
    (peer,) = rule["to"]
    labels = made["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert peer["podSelector"]["matchLabels"].items() <= labels.items()
    assert rule["ports"] == [{"port": port["port"]} for port in made["Service"]["spec"]["ports"]]


def test_the_test_has_the_token_of_a_service_that_may_do_what_it_does(helm: Helm) -> None:
    (container,) = helm.objects({}, "test")["Pod"]["spec"]["containers"]
    (key,) = [found["valueFrom"]["secretKeyRef"]["key"] for found in container["env"] if "valueFrom" in found]
    (service,) = [name for name in JUPYTERHUB["hub"]["services"] if key == f"hub.services.{name}.apiToken"]
    (role,) = [role for role in JUPYTERHUB["hub"]["loadRoles"].values() if service in role.get("services", ())]
    (user,) = [word.partition("=")[2] for word in container["args"] if word.startswith("--user=")]
    assert {scope.partition("!")[2] for scope in role["scopes"]} == {f"user={user}"}
    # JupyterHub lets nobody remove a user of their own name.
    assert service != user


def test_all_speak_of_one_version_of_zero_to_jupyterhub() -> None:
    repository = FOLDER.parent
    texts = [
        path.read_text(encoding="utf-8")
        for path in (
            FOLDER / "jupyterhub-values.yaml",
            CHART / "templates/NOTES.txt",
            repository / "images/hub/Dockerfile",
            repository / "docs/admin/install.md",
        )
    ]
    versions = {found for text in texts for found in re.findall(r"(?:--version |k8s-hub:)(4\.[0-9.]+[0-9])", text)}
    assert versions == set(re.findall(r"^\| `(?:hub|singleuser)[^|]+\| ([0-9.]+) \|", README, re.MULTILINE))
