"""WHAT EESSI OFFERS: releases, CPU targets, accelerators, modules, environments.

Everything here is plain data and pure functions but for four files that read: `mounted.py` reads a mounted
tree, `mount.py` asks it from a child process, `host.py` reads what this machine is, and `child.py` runs programs
that may hang.
No framework is imported here, and nothing here knows of JupyterHub, Kubernetes or kernels.
"""
