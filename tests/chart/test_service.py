"""The service's pod is told what JupyterHub would tell it, keeps its data through an upgrade, and is reached by few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from eessi_spawner.service.settings import ServiceSettings, settings_from
from tests.chart.helm import CHART, Helm

JUPYTERHUB = yaml.safe_load((CHART.parent / "jupyterhub-values.yaml").read_text(encoding="utf-8"))["hub"]
POSTGRESQL = {"service": {"database": {"secret": "eessi-database"}}}


def of_service(helm: Helm, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return helm.objects(values, "service")


def pod(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = objects["Deployment"]["spec"]["template"]["spec"]
    return spec


def secrets(objects: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return the variables that come of Secrets: name and key."""
    variables = pod(objects)["containers"][0]["env"]
    found = {variable["name"]: variable.get("valueFrom", {}).get("secretKeyRef") for variable in variables}
    return {name: (said["name"], said["key"]) for name, said in found.items() if said}


def settings(objects: dict[str, dict[str, Any]]) -> ServiceSettings:
    """Return what the service reads of its variables."""
    variables = objects["ConfigMap"]["data"]
    assert all(isinstance(value, str) for value in variables.values())
    return settings_from({**variables, **dict.fromkeys(secrets(objects), "secret")}, Path("/srv/eessi"))


def test_it_listens_where_its_service_its_probes_and_the_hub_look(helm: Helm) -> None:
    objects = of_service(helm, {"hub": {"baseUrl": "/jupyter/"}})
    told = settings(objects)
    (container,) = pod(objects)["containers"]
    assert (told.host, told.prefix) == ("0.0.0.0", "/jupyter/services/eessi/")  # noqa: S104  (of its pod)
    assert container["ports"] == [{"name": "http", "containerPort": told.port}]
    (port,) = objects["Service"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (told.port, "http")
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": f"{told.prefix}api/v1/version", "port": "http"}
    assert objects["ConfigMap"]["data"]["JUPYTERHUB_API_URL"] == "http://hub:8081/jupyter/hub/api"
    assert objects["ConfigMap"]["data"]["JUPYTERHUB_BASE_URL"] == "/jupyter/"


def test_its_token_is_the_one_that_zero_to_jupyterhub_makes(helm: Helm) -> None:
    # jupyterhub/templates/hub/secret.yaml, 4.4.0.
    assert secrets(of_service(helm, {})) == {"JUPYTERHUB_API_TOKEN": ("hub", "hub.services.eessi.apiToken")}
    named = of_service(helm, {"hub": {"secret": "jhub-hub"}})
    assert secrets(named)["JUPYTERHUB_API_TOKEN"][0] == "jhub-hub"


def test_on_a_file_an_upgrade_ends_the_old_pod_first_and_the_claim_outlives_the_chart(helm: Helm) -> None:
    objects = of_service(helm, {})
    assert objects["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    claim = objects["PersistentVolumeClaim"]["metadata"]
    assert claim["annotations"] == {"helm.sh/resource-policy": "keep"}
    volumes = {volume["name"]: volume for volume in pod(objects)["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": claim["name"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in pod(objects)["containers"][0]["volumeMounts"]}
    told = settings(objects)
    assert told.database.startswith(f"sqlite:///{mounts['data']}/")
    assert told.catalogue.is_relative_to(mounts["data"])


def test_a_claim_goes_with_the_chart_where_it_is_said_and_has_the_class_that_is_named(helm: Helm) -> None:
    claim = {"keep": False, "size": "5Gi", "storageClass": "fast"}
    made = of_service(helm, {"service": {"database": {"claim": claim}}})["PersistentVolumeClaim"]
    assert "annotations" not in made["metadata"]
    assert made["spec"]["storageClassName"] == "fast"
    assert made["spec"]["resources"] == {"requests": {"storage": "5Gi"}}


def test_with_postgresql_there_is_no_claim_and_an_upgrade_starts_the_new_pod_first(helm: Helm) -> None:
    objects = of_service(helm, POSTGRESQL)
    assert "PersistentVolumeClaim" not in objects
    assert objects["Deployment"]["spec"]["strategy"] == {"type": "RollingUpdate"}
    assert secrets(objects)["EESSI_SERVICE_DATABASE"] == ("eessi-database", "url")
    # A variable of the ConfigMap would not be the one that counts, but would be read by people.
    assert "EESSI_SERVICE_DATABASE" not in objects["ConfigMap"]["data"]
    assert {"name": "data", "emptyDir": {}} in pod(objects)["volumes"]


@pytest.mark.parametrize("hours", [0, 24, 0.5])
def test_the_catalogue_is_updated_as_often_as_is_said(helm: Helm, hours: float) -> None:
    objects = of_service(helm, {"service": {"catalogue": {"updateHours": hours, "url": "http://mirror.site/a.json"}}})
    assert settings(objects).catalogue_hours == hours
    assert objects["ConfigMap"]["data"]["EESSI_SPAWNER_CATALOGUE_URL"] == "http://mirror.site/a.json"


def test_other_settings_make_another_pod(helm: Helm) -> None:
    def annotations(hours: int) -> Any:
        objects = of_service(helm, {"service": {"catalogue": {"updateHours": hours}}})
        return objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]

    assert annotations(1) == annotations(1) != annotations(2)


def test_it_has_no_right_on_the_cluster(helm: Helm) -> None:
    objects = of_service(helm, {})
    account = objects["ServiceAccount"]
    assert pod(objects)["serviceAccountName"] == account["metadata"]["name"]
    assert account["automountServiceAccountToken"] is False
    bound = helm.objects({})["ClusterRoleBinding"]["subjects"]
    assert [subject["name"] for subject in bound] == ["hub"]


def test_the_hub_its_proxy_and_users_servers_reach_it_and_it_reaches_the_hub(helm: Helm) -> None:
    objects = of_service(helm, {})
    (rule,) = objects["NetworkPolicy"]["spec"]["ingress"]
    (peer,) = rule["from"]
    # jupyterhub/templates/_helpers.tpl, 4.4.0: the label `component`.
    (expression,) = peer["podSelector"]["matchExpressions"]
    assert expression == {"key": "component", "operator": "In", "values": ["hub", "proxy", "singleuser-server"]}
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selected = objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    assert selected.items() <= labels.items()
    assert objects["Service"]["spec"]["selector"] == selected
    # jupyterhub/templates/hub/netpol.yaml, 4.4.0.
    assert labels["hub.jupyter.org/network-access-hub"] == "true"


def test_prometheus_is_told_of_it_and_let_in_where_it_is_said(helm: Helm) -> None:
    assert "ServiceMonitor" not in of_service(helm, {})
    monitored = {"serviceMonitor": {"create": True, "labels": {"release": "prometheus"}}}
    objects = of_service(helm, {**monitored, "networkPolicy": {"metricsFrom": "monitoring"}})
    monitor = objects["ServiceMonitor"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= objects["Service"]["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/services/eessi/metrics"
    key = endpoint["authorization"]["credentials"]["key"]
    (service,) = [name for name in JUPYTERHUB["services"] if key == f"hub.services.{name}.apiToken"]
    assert JUPYTERHUB["loadRoles"][service] == {"services": [service], "scopes": ["read:metrics"]}
    (rule,) = objects["NetworkPolicy"]["spec"]["ingress"]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert {"namespaceSelector": selector} in rule["from"]


def test_without_it_nothing_of_it_is_made(helm: Helm) -> None:
    values = {"service": {"create": False}, "serviceMonitor": {"create": True}}
    assert of_service(helm, values) == {}
    assert helm.objects(values, "test") == {}


@pytest.mark.parametrize("component", ["service", "squid", "test"])
def test_a_pod_is_what_pod_security_asks_for_at_its_strictest(helm: Helm, component: str) -> None:
    objects = helm.objects({"squid": {"create": True}, "imagePullSecrets": ["registry"]}, component)
    spec = objects["Pod"]["spec"] if component == "test" else pod(objects)
    assert spec["automountServiceAccountToken"] is False
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
