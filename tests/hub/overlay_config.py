"""The demonstration's hub with the services and roles that the values for Zero to JupyterHub give it."""

import os
from pathlib import Path

import yaml

import eessi_spawner.demo

load_subconfig(os.path.join(os.path.dirname(eessi_spawner.demo.__file__), "jupyterhub_config.py"))  # noqa: F821

c = get_config()  # noqa: F821

VALUES = Path(__file__).parents[2] / "helm-config/jupyterhub-values.yaml"
hub = yaml.safe_load(VALUES.read_text(encoding="utf-8"))["hub"]
# Nothing answers for it here, and JupyterHub looks for it at its start: not by a name that takes long to resolve.
hub["services"]["eessi"]["url"] = "http://127.0.0.1:9"
# As that chart does it: jupyterhub/files/hub/jupyterhub_config.py, 4.4.0.
c.JupyterHub.services = [
    {"name": name, **service, "api_token": f"token-of-{name}"} for name, service in hub["services"].items()
]
c.JupyterHub.load_roles = [{"name": name, **role} for name, role in hub["loadRoles"].items()]
c.JupyterHub.custom_scopes = hub["config"]["JupyterHub"]["custom_scopes"]
c.DemoSpawner.server_token_scopes = hub["config"]["EESSISpawner"]["server_token_scopes"]
