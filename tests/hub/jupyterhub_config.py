"""The demonstration's configuration, stricter about failures, and with a page that tells how many there were."""

import os

from jupyterhub.handlers import BaseHandler

import eessi_spawner.demo

load_subconfig(os.path.join(os.path.dirname(eessi_spawner.demo.__file__), "jupyterhub_config.py"))  # noqa: F821

c = get_config()  # noqa: F821


class FailureCount(BaseHandler):
    """Tells how many spawns in a row have failed, which is what makes a hub exit."""

    def get(self) -> None:
        self.write(str(self.settings.get("failure_count", 0)))


c.JupyterHub.extra_handlers = [("/failure-count", FailureCount)]
# As Zero to JupyterHub sets it.
c.Spawner.consecutive_failure_limit = 5
c.JupyterHub.log_level = "DEBUG"
c.DemoSpawner.mount_timeout = 3
