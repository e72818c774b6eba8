"""A hub on the host, whose servers are pods of the cluster; what differs from test to test is in EESSI_CLUSTER."""

import json
import os
from typing import Any

import eessi_spawner.demo

load_subconfig(os.path.join(os.path.dirname(eessi_spawner.demo.__file__), "jupyterhub_config.py"))  # noqa: F821

c = get_config()  # noqa: F821
cluster = json.loads(os.environ["EESSI_CLUSTER"])

c.JupyterHub.spawner_class = cluster["spawner_class"]
# Where pods reach the hub; people reach its proxy on the loopback address.
c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{cluster['hub_port']}"
c.JupyterHub.hub_connect_ip = cluster["host_ip"]
c.JupyterHub.cleanup_servers = cluster["cleanup_servers"]
c.JupyterHub.log_level = cluster["log_level"]
# Every start is one that a person waits for on the progress page.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.1}
# As Zero to JupyterHub sets it.
c.JupyterHub.concurrent_spawn_limit = 64
c.Spawner.consecutive_failure_limit = 5

c.KubeSpawner.namespace = cluster["namespace"]
c.KubeSpawner.image = cluster["image"]
c.KubeSpawner.image_pull_policy = "Never"
c.KubeSpawner.start_timeout = 120
c.KubeSpawner.http_timeout = 60
# What Pod Security `restricted` asks for.
c.KubeSpawner.container_security_context = {"capabilities": {"drop": ["ALL"]}}
c.KubeSpawner.pod_security_context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
# What the sample stack has; by default all generations of the catalogue are offered.
c.EESSISpawner.eessi_environments = [
    {
        "name": "scipy",
        "title": "SciPy 2025.07",
        "release": "2025.06",
        "modules": ["SciPy-bundle/2025.07-gfbf-2025b"],
    }
]


def show_images(_spawner: object, pod: Any) -> Any:
    """Let the double of a client in a sidecar read what the real one downloads."""
    for container in pod.spec.init_containers:
        container["volumeMounts"].append({"name": "repositories", "mountPath": "/repositories"})
    pod.spec.volumes.append({"name": "repositories", "hostPath": {"path": cluster["images"]}})
    return pod


if cluster["images"]:
    c.KubeSpawner.modify_pod_hook = show_images
for section, settings in cluster["settings"].items():
    c[section].update(settings)
