"""Finds the address of a Service: kubelet mounts NFS volumes by the node's resolver, which knows no Services.

The Service is asked for by the API, which the hub's role allows in its own namespace, and else by the cluster's DNS,
which the hub itself uses.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import time
from typing import Any

import aiohttp
from kubernetes_asyncio.client import ApiException

from eessi_spawner.errors import AddressError

# A DNS label, as names of Services and namespaces are.
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SERVICE = re.compile(rf"(?P<name>{_LABEL})(\.(?P<namespace>{_LABEL})(?P<svc>\.svc(\.{_LABEL})*)?)?")
_FRESH_SECONDS = 60.0
_REQUEST_SECONDS = 5.0
_NO_ADDRESS = ("", "None")

# Replaced in tests.
_clock = time.monotonic
_found: dict[tuple[str, str], tuple[float, str]] = {}


async def resolve_server(api: Any, server: str, namespace: str) -> str:
    """Return what the nodes can use for *server*: the address of a Service, or *server* itself if it is none.

    Parameters
    ----------
    api
        KubeSpawner's `CoreV1Api`.
    server
        `nfs`, `nfs.cvmfs` and `nfs.cvmfs.svc.cluster.local` can be Services; an address or another name is left as is.
    namespace
        Where a Service without a namespace is looked for.

    Raises
    ------
    AddressError
        If it must be a Service (`.svc`) and is not found.
    """
    match = _as_service(server)
    if match is None:
        return server
    key = (server, namespace)
    known = _found.get(key)
    if known is not None and known[0] > _clock():
        return known[1]
    address = await _ask_api(api, match["name"], match["namespace"] or namespace)
    if not address and match["svc"]:
        address = await _ask_dns(server)
        if not address:
            raise AddressError(
                f"The NFS server {server} was expected to be a Service with an address, and none was found.",
                advice="An administrator has to name a Service that exists and has a cluster IP, or an address.",
            )
    if address:
        _found[key] = (_clock() + _FRESH_SECONDS, address)
    return address or server


def may_be_service(server: str) -> bool:
    """Say whether *server* can be the name of a Service, from its spelling alone."""
    return _as_service(server) is not None


def _as_service(server: str) -> re.Match[str] | None:
    """Return the parts of the Service's name that *server* can be; None where it is an address, or spelt otherwise."""
    try:
        ipaddress.ip_address(server)
    except ValueError:
        return _SERVICE.fullmatch(server)
    return None


async def _ask_api(api: Any, name: str, namespace: str) -> str:
    """Return the cluster IP of a Service; empty if there is none, or if the hub may not look."""
    try:
        service = await api.read_namespaced_service(name, namespace, _request_timeout=_REQUEST_SECONDS)
    except (ApiException, aiohttp.ClientError, OSError, asyncio.TimeoutError):
        return ""
    address = service.spec.cluster_ip or ""
    return "" if address in _NO_ADDRESS else address


async def _ask_dns(server: str) -> str:
    loop = asyncio.get_running_loop()
    try:
        answers = await asyncio.wait_for(loop.getaddrinfo(server, None, type=socket.SOCK_STREAM), _REQUEST_SECONDS)
    except (OSError, asyncio.TimeoutError):
        return ""
    return str(answers[0][4][0])
