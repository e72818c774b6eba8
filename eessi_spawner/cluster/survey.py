"""A survey: all that the cluster says once of ways to bring /cvmfs into pods; what may not be seen is not known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import aiohttp

from eessi_spawner.cluster.nodes import Node, node_from_json
from eessi_spawner.cluster.volumes import (
    Claim,
    StorageClass,
    Volume,
    claim_from_json,
    class_from_json,
    volume_from_json,
)
from eessi_spawner.errors import ClusterError

Json = Mapping[str, Any]
Item = TypeVar("Item")

_PAGE = 500
_SECONDS = 30
_LEVEL = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True)
class Survey:
    """What was seen; None is what could not be seen, and `unseen` says why.

    Attributes
    ----------
    namespace
        In which users' pods run.
    pod_security
        The level that the namespace's label enforces; empty: it has no such label.
    nodes
        All of them.
    drivers
        Names of CSIDriver objects.
    node_drivers
        Node's name to the CSI drivers that its kubelet knows.
    classes, volumes
        Of the cluster.
    claims
        Of the namespace.
    unseen
        What could not be seen ("nodes"), to the API server's words.
    """

    namespace: str = "default"
    pod_security: str | None = None
    nodes: tuple[Node, ...] | None = None
    drivers: frozenset[str] | None = None
    node_drivers: Mapping[str, frozenset[str]] | None = None
    classes: tuple[StorageClass, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    claims: tuple[Claim, ...] | None = None
    unseen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


async def survey(api_client: Any, namespace: str) -> Survey:
    """Look once.

    Parameters
    ----------
    api_client
        An `ApiClient` of kubernetes_asyncio, which stays the caller's.
    namespace
        In which users' pods run.

    Raises
    ------
    ClusterError
        If the API server does not answer. What it refuses is not known, and not more.
    """
    reader, storage = _Reader(api_client), "/apis/storage.k8s.io/v1"
    in_namespace = f"/api/v1/namespaces/{namespace}"
    drivers = await reader.list("csidrivers", f"{storage}/csidrivers", _name)
    node_drivers = await reader.list("csinodes", f"{storage}/csinodes", _drivers_of_node)
    return Survey(
        namespace,
        pod_security=await reader.read(f"namespace {namespace}", in_namespace, _level),
        nodes=await reader.list("nodes", "/api/v1/nodes", node_from_json),
        drivers=None if drivers is None else frozenset(drivers),
        node_drivers=None if node_drivers is None else MappingProxyType(dict(node_drivers)),
        classes=await reader.list("storageclasses", f"{storage}/storageclasses", class_from_json),
        volumes=await reader.list("persistentvolumes", "/api/v1/persistentvolumes", volume_from_json),
        claims=await reader.list("persistentvolumeclaims", f"{in_namespace}/persistentvolumeclaims", claim_from_json),
        unseen=reader.unseen,
    )


def _level(data: Json) -> str:
    return str(((data.get("metadata") or {}).get("labels") or {}).get(_LEVEL, ""))


def _name(data: Json) -> str:
    return str((data.get("metadata") or {}).get("name", ""))


def _drivers_of_node(data: Json) -> tuple[str, frozenset[str]]:
    drivers = (data.get("spec") or {}).get("drivers") or ()
    return _name(data), frozenset(str(driver.get("name")) for driver in drivers)


class _Reader:
    """Reads plain JSON, and keeps why something could not be read."""

    def __init__(self, api_client: Any) -> None:
        self._client = api_client
        self.unseen: dict[str, str] = {}

    async def list(self, what: str, path: str, parse: Callable[[Json], Item]) -> tuple[Item, ...] | None:
        found: list[Item] = []
        token = ""
        while True:
            query = {"limit": str(_PAGE), **({"continue": token} if token else {})}
            page = await self._get(what, path, query)
            if page is None:
                return None
            found += map(parse, page.get("items") or ())
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return tuple(found)

    async def read(self, what: str, path: str, parse: Callable[[Json], Item]) -> Item | None:
        found = await self._get(what, path, {})
        return None if found is None else parse(found)

    async def _get(self, what: str, path: str, query: Mapping[str, str]) -> Json | None:
        try:
            response = await self._client.call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": "application/json"},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=_SECONDS,
            )
            async with response:
                body = json.loads(await response.read())
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise ClusterError(
                f"The cluster did not answer when asked for {what}: {str(error) or type(error).__name__}.",
                advice="Check the address in the kubeconfig, and the network.",
            ) from error
        if response.status == 200 and isinstance(body, dict):
            return body
        said = body.get("message") if isinstance(body, dict) else ""
        self.unseen[what] = " ".join(str(said or f"HTTP {response.status}").split())[:300]
        return None
