"""Accounts with few rights, as a hub's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from kubernetes import client

from tests.cluster.testbed.api import Api
from tests.cluster.testbed.cluster import Cluster


@contextlib.contextmanager
def service_account(testbed: Cluster, api: Api, name: str, folder: Path, *resources: str) -> Iterator[Path]:
    """Make one that may list and watch *resources*; return a kubeconfig of its."""
    rbac = client.RbacAuthorizationV1Api(api.core.api_client)
    api.core.create_namespaced_service_account("default", {"metadata": {"name": name}})
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    if resources:
        rules = [{"apiGroups": [""], "resources": list(resources), "verbs": ["list", "watch"]}]
        rbac.create_cluster_role({"metadata": {"name": name}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    rbac.create_cluster_role_binding({"metadata": {"name": name}, "roleRef": role, "subjects": [subject]})
    token = api.core.create_namespaced_service_account_token(name, "default", {"spec": {}}).status.token
    config = json.loads(testbed.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    kubeconfig = folder / f"{name}.kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    try:
        yield kubeconfig
    finally:
        rbac.delete_cluster_role_binding(name)
        if resources:
            rbac.delete_cluster_role(name)
        api.core.delete_namespaced_service_account(name, "default")
