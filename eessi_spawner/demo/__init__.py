"""A WHOLE HUB ON ONE MACHINE: for looking at, never for users.

`stack.py` finds the mounted EESSI or builds the sample (`sample/`), `hub.py` runs a real JupyterHub on
127.0.0.1 with `jupyterhub_config.py`, `spawner.py` runs every server as the same user, and `check.py` walks the
way of a person through it: log in, choose, wait, run a notebook in each kernel.
`hub_check.py` checks any hub by its API, with `example.ipynb`.
"""
