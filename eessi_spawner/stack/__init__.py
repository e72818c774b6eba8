"""WHAT EESSI OFFERS: releases, CPU targets, accelerators, modules, environments.

Everything here is plain data and pure functions but for four files that read: `mounted.py` reads a mounted
tree, `mount.py` asks it from a child process, `host.py` reads what this machine is, and `child.py` runs programs
that may hang.
Below, `catalogue/` knows all modules that EESSI has.
No framework is imported here, and nothing here knows of JupyterHub, Kubernetes or kernels.
"""
