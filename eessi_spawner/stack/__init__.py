"""WHAT EESSI OFFERS: releases, CPU targets, accelerators, modules, environments.

Everything here is plain data and pure functions but for three files that read: `mounted.py` reads a
mounted tree, `mount.py` asks it in a child process that can be killed, `host.py` reads what this machine is.
No framework is imported here, and nothing here knows of JupyterHub, Kubernetes or kernels.
"""
