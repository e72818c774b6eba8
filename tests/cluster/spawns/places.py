"""Namespaces that a hub runs servers in, with no more rights than Zero to JupyterHub's chart gives a hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster

HUB = "hub"
# zero-to-jupyterhub-k8s, jupyterhub/templates/hub/rbac.yaml.
_Z2JH_RULES = (
    {
        "apiGroups": [""],
        "resources": ["pods", "persistentvolumeclaims", "secrets", "services"],
        "verbs": ["get", "watch", "list", "create", "delete"],
    },
    {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "watch", "list"]},
)
# What enable_user_namespaces needs besides (docs/admin/attach.md): the same in every namespace, and namespaces.
USER_NAMESPACE_RULES = (
    *_Z2JH_RULES,
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]},
)
# What find_node_pools needs (docs/admin/pools.md).
POOL_RULES = ({"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list", "watch"]},)
_TOKEN_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Place:
    """A namespace, and the kubeconfig of the hub in it."""

    kubeconfig: Path
    host_ip: str
    namespace: str


def make_place(cluster: Cluster, api: Api, namespace: str, directory: Path, *, pod_security: str) -> Place:
    """Make a namespace that enforces a level of Pod Security, and a hub's service account with z2jh's role in it."""
    labels = {"pod-security.kubernetes.io/enforce": pod_security}
    api.core.create_namespace({"metadata": {"name": namespace, "labels": labels}})
    api.wait_for_service_account(namespace)
    api.core.create_namespaced_service_account(namespace, {"metadata": {"name": HUB}})
    rbac = client.RbacAuthorizationV1Api(api.core.api_client)
    rbac.create_namespaced_role(namespace, {"metadata": {"name": HUB}, "rules": list(_Z2JH_RULES)})
    rbac.create_namespaced_role_binding(namespace, _binding("Role", namespace))
    return Place(_kubeconfig(cluster, api, namespace, directory), cluster.host_ip, namespace)


def grant_everywhere(api: Api, place: Place, rules: Sequence[Any]) -> None:
    """Give the hub at *place* a role in all namespaces."""
    rbac = client.RbacAuthorizationV1Api(api.core.api_client)
    rbac.create_cluster_role({"metadata": {"name": place.namespace}, "rules": list(rules)})
    binding = _binding("ClusterRole", place.namespace)
    rbac.create_cluster_role_binding({**binding, "metadata": {"name": place.namespace}})


def _binding(kind: str, namespace: str) -> dict[str, Any]:
    name = HUB if kind == "Role" else namespace
    return {
        "metadata": {"name": HUB},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": HUB, "namespace": namespace}],
    }


def _kubeconfig(cluster: Cluster, api: Api, namespace: str, directory: Path) -> Path:
    """Write the administrator's kubeconfig with the hub's token instead of the administrator's."""
    request = {"spec": {"expirationSeconds": _TOKEN_SECONDS}}
    token = api.core.create_namespaced_service_account_token(HUB, namespace, request).status.token
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    path = directory / f"{namespace}.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
