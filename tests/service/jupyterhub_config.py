"""The demonstration's hub, with the service as the administrator's page shows it, but for its port."""

import json
import os
import re
from pathlib import Path

import eessi_spawner.demo
from tests.service.running import ADMINS_TOKEN, METRICS_TOKEN, SERVICE_TOKEN

load_subconfig(os.path.join(os.path.dirname(eessi_spawner.demo.__file__), "jupyterhub_config.py"))  # noqa: F821

c = get_config()  # noqa: F821
demo = json.loads(os.environ["EESSI_DEMO"])

PAGES = Path(__file__).parents[2] / "docs" / "admin"
for page, blocks in (("service.md", 1), ("monitoring.md", 2)):
    shown = re.findall(r"```python\n(.+?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)
    for block in shown[:blocks]:
        exec(block, {"c": c, "metrics_token": METRICS_TOKEN})  # noqa: S102  (the document's own lines)
c.JupyterHub.load_groups = {"eessi-admins": {"users": ["helper"]}, "physics": {"users": ["physicist"]}}
c.JupyterHub.services[0]["url"] = f"http://127.0.0.1:{demo['service_port']}"
c.JupyterHub.services[0]["environment"] = {"EESSI_SPAWNER_CATALOGUE_DIR": os.environ["EESSI_SPAWNER_CATALOGUE_DIR"]}
# The tests tell the service what the hub of a cluster would.
c.JupyterHub.services[0]["api_token"] = SERVICE_TOKEN
c.JupyterHub.services.append({"name": "admins", "api_token": ADMINS_TOKEN})
c.JupyterHub.load_roles.append({"name": "admins", "services": ["admins"], "scopes": ["admin:users"]})
c.DemoSpawner.eessi_service_period = 1
c.JupyterHub.log_level = "DEBUG"
