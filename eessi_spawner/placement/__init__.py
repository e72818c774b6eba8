"""Which nodes run what: node labels, pools, and offers in their order.

Pure: nothing here talks to a cluster or knows of JupyterHub.
"""
