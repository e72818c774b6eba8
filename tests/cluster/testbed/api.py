"""What the test bed itself says to the API server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import final

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from tests.cluster.testbed.binaries import kubectl_command
from tests.cluster.testbed.programs import wait_until

DRIVER = "cvmfs.csi.cern.ch"


@final
class Api:
    """A connection as the user of a kubeconfig, for the length of a block."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._client = config.new_client_from_config(str(kubeconfig))
        self.core = client.CoreV1Api(self._client)
        self.storage = client.StorageV1Api(self._client)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        # Its own close leaves the connections open.
        self._client.rest_client.pool_manager.clear()

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl, as who wants to see a pod's outputs and exit codes does: the client leaves connections open."""
        command = [*kubectl_command(), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def create_basics(self, dns_ip: str) -> None:
        """Make the driver's object, as its chart does, and the address of the name service."""
        self.storage.create_csi_driver(
            {
                "metadata": {"name": DRIVER},
                "spec": {"attachRequired": False, "podInfoOnMount": False},
            }
        )
        ports = [{"name": protocol, "port": 53, "protocol": protocol.upper()} for protocol in ("udp", "tcp")]
        self.core.create_namespaced_service(
            "kube-system", {"metadata": {"name": "kube-dns"}, "spec": {"clusterIP": dns_ip, "ports": ports}}
        )

    def wait_for_nodes(self, names: Iterable[str]) -> None:
        """Wait until pods may be sent to all of them."""
        wait_until("all nodes are ready", lambda: set(names) <= set(self._ready_nodes()))

    def _ready_nodes(self) -> list[str]:
        return [
            node.metadata.name
            for node in self.core.list_node().items
            if not node.spec.taints and any(c.type == "Ready" and c.status == "True" for c in node.status.conditions)
        ]

    def wait_for_drivers(self, nodes: Iterable[str]) -> None:
        """Wait until *nodes*, and no others, have the CernVM-FS driver."""
        wait_until(f"the driver is on {sorted(nodes)} alone", lambda: set(nodes) == set(self.nodes_with_driver()))

    def nodes_with_driver(self) -> list[str]:
        """Return the nodes whose kubelet knows the CernVM-FS driver now."""
        # The typed client refuses what the API server says of a node without any driver.
        found = client.CustomObjectsApi(self._client).list_cluster_custom_object("storage.k8s.io", "v1", "csinodes")
        drivers = {node["metadata"]["name"]: node["spec"]["drivers"] or [] for node in found["items"]}
        return [node for node in drivers if DRIVER in [driver["name"] for driver in drivers[node]]]

    def wait_for_service_account(self, namespace: str) -> None:
        """Wait for what every pod of a new namespace needs."""
        wait_until("there is a default service account", lambda: self._has_service_account(namespace))

    def _has_service_account(self, namespace: str) -> bool:
        try:
            self.core.read_namespaced_service_account("default", namespace)
        except ApiException as error:
            if error.status == 404:
                return False
            raise
        return True
