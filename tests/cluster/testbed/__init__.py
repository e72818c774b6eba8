"""A Kubernetes cluster of two real nodes on one machine, for tests: no container engine, registry or network needed.

All of it lives in one network namespace and below one process: when that process ends, so do the rest, with their
mounts, bridges and packet filter rules.
"""
