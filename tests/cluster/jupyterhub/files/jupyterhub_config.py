"""What Zero to JupyterHub's own configuration makes of the values that this project's overlay sets."""

import os
from pathlib import Path

import yaml

c = get_config()  # noqa: F821
SECRET = Path("/usr/local/etc/jupyterhub/secret")
values = yaml.safe_load((SECRET / "values.yaml").read_text())
hub, singleuser = values["hub"], values["singleuser"]

c.ConfigurableHTTPProxy.api_url = f"http://proxy-api:{os.environ['PROXY_API_SERVICE_PORT']}"
c.ConfigurableHTTPProxy.should_start = False
c.JupyterHub.cleanup_servers = False
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = f"http://hub:{os.environ['HUB_SERVICE_PORT']}"
c.JupyterHub.concurrent_spawn_limit = 64
c.Spawner.consecutive_failure_limit = 5

c.KubeSpawner.namespace = os.environ["POD_NAMESPACE"]
c.KubeSpawner.image = "{name}:{tag}".format(**singleuser["image"])
c.KubeSpawner.image_pull_policy = singleuser["image"].get("pullPolicy")
c.KubeSpawner.common_labels = {"app": "jupyterhub", "app.kubernetes.io/managed-by": "kubespawner"}
c.KubeSpawner.extra_labels = singleuser.get("extraLabels", {})
c.KubeSpawner.environment = singleuser.get("extraEnv", {})
c.KubeSpawner.fs_gid = 100
c.KubeSpawner.tolerations = [
    {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"}
    for key in ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
]

for name, service in hub["services"].items():
    token = (SECRET / f"hub.services.{name}.apiToken").read_text()
    c.JupyterHub.services.append({"name": name, **service, "api_token": token})
c.JupyterHub.load_roles = [{"name": name, **role} for name, role in hub["loadRoles"].items()]
for section, settings in hub["config"].items():
    c[section].update(settings)
for _, extra in sorted(hub["extraConfig"].items()):
    exec(extra)  # noqa: S102  (as the chart does)
