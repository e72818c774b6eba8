"""Which nodes run what: node labels, pools, offers and their order, and the terms that send a pod to a pool.

Pure: nothing here talks to a cluster or knows of JupyterHub.
"""
