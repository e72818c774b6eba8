"""A hub whose servers run in an image: JupyterHub's own simple spawner, with the command that enters it."""

import json
import os

import eessi_spawner.demo

load_subconfig(os.path.join(os.path.dirname(eessi_spawner.demo.__file__), "jupyterhub_config.py"))  # noqa: F821

c = get_config()  # noqa: F821
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = json.loads(os.environ["TEST_IMAGE_COMMAND"])
c.Spawner.disable_user_config = True
# What enters the image blocks gentle signals.
c.Spawner.interrupt_timeout = 1
c.Spawner.term_timeout = 1
