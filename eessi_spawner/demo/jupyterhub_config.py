"""The demonstration hub's configuration; what differs from run to run comes in the environment (`hub.py`)."""

import json
import os

from eessi_spawner.demo.spawner import LOOPBACK, DemoSpawner

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
