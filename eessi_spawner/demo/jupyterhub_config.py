"""The demonstration hub's configuration; what differs from run to run comes in the environment (`hub.py`)."""

import json
import os
import sys

from eessi_spawner.demo.spawner import LOOPBACK, DemoSpawner
from eessi_spawner.stack.catalogue.saved import DIRECTORY_VARIABLE

c = get_config()  # type: ignore[name-defined]  # noqa: F821  # JupyterHub provides it
demo = json.loads(os.environ["EESSI_DEMO"])

c.JupyterHub.bind_url = f"http://{LOOPBACK}:{demo['port']}"
c.JupyterHub.hub_bind_url = f"http://{LOOPBACK}:{demo['hub_port']}"
c.ConfigurableHTTPProxy.api_url = f"http://{LOOPBACK}:{demo['proxy_api_port']}"
c.ConfigurableHTTPProxy.command = demo["proxy_command"]
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "jupyterhub_cookie_secret"  # noqa: S105  # a file's name
c.JupyterHub.cleanup_servers = True

# Any name may log in, without a password: nobody but this machine reaches the hub.
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = DemoSpawner
c.DemoSpawner.homes = demo["homes"]
c.DemoSpawner.eessi_root = demo["root"]
c.DemoSpawner.default_url = "/lab"

# Hubs that build on this file may have no service.
if port := demo.get("service_port"):
    c.JupyterHub.services = [
        {
            "name": "eessi",
            "url": f"http://{LOOPBACK}:{port}",
            "command": [sys.executable, "-m", "eessi_spawner.service"],
            "environment": {name: os.environ[name] for name in (DIRECTORY_VARIABLE,) if name in os.environ},
            "oauth_no_confirm": True,
        }
    ]
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", "access:services!service=eessi"]},
        {"name": "eessi", "services": ["eessi"], "scopes": ["list:users"]},
    ]
