"""A Service's name becomes its address, since nodes cannot resolve it; every other name stays as it is."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
from kubernetes_asyncio.client import ApiException, V1Service, V1ServiceSpec

from eessi_spawner.errors import AddressError
from eessi_spawner.spawner import service_address
from eessi_spawner.spawner.service_address import may_be_service, resolve_server


class Services:
    """Stands in for CoreV1Api, of which one call matters here; a cluster answers it in tests/cluster.

    `read_namespaced_service` returns a V1Service or raises ApiException with the status of the API server.
    """

    def __init__(
        self, found: dict[tuple[str, str], V1ServiceSpec] | None = None, error: Exception | None = None
    ) -> None:
        self.found = found or {}
        self.error = error or ApiException(status=404)
        self.asked: list[tuple[str, str]] = []

    async def read_namespaced_service(self, name: str, namespace: str, *, _request_timeout: float) -> V1Service:
        self.asked.append((name, namespace))
        if (name, namespace) not in self.found:
            raise self.error
        return V1Service(spec=self.found[name, namespace])


NFS = Services({("nfs", "cvmfs"): V1ServiceSpec(cluster_ip="10.0.0.9")})


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the cluster's DNS knows; there is none here."""
    known: dict[str, str] = {}

    async def getaddrinfo(_loop: object, host: str, port: Any, **_more: Any) -> list[Any]:
        # What the resolver does with a name before it asks anyone.
        host.encode("idna")
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(service_address, "_found", {})
    return known


def resolve(api: Services, server: str, namespace: str = "hub") -> str:
    return asyncio.run(resolve_server(api, server, namespace))


@pytest.mark.parametrize(
    ("server", "namespace"),
    [
        ("nfs", "cvmfs"),
        ("nfs.cvmfs", "hub"),
        ("nfs.cvmfs.svc", "hub"),
        ("nfs.cvmfs.svc.cluster.local", "hub"),
        ("nfs.cvmfs.svc.cluster.example.org", "hub"),
    ],
)
def test_a_service_is_replaced_by_its_address(server: str, namespace: str) -> None:
    assert resolve(NFS, server, namespace) == "10.0.0.9"


@pytest.mark.parametrize("server", ["10.0.0.5", "fd00::9", "nas.site.example.org", "NAS"])
def test_what_cannot_be_a_service_is_not_asked_for(server: str) -> None:
    api = Services()
    assert resolve(api, server) == server
    assert not api.asked
    assert not may_be_service(server)


@pytest.mark.parametrize(
    "api",
    [
        Services(),
        Services(error=ApiException(status=403)),
        Services(error=aiohttp.ServerDisconnectedError()),
        Services(error=OSError("refused")),
        Services(error=asyncio.TimeoutError()),
        Services({("nas", "hub"): V1ServiceSpec(cluster_ip="None")}),
        Services({("nas", "hub"): V1ServiceSpec(external_name="nas.example.org")}),
    ],
    ids=["absent", "no-right", "gone", "refused", "slow", "headless", "external"],
)
def test_a_name_that_is_no_service_with_an_address_is_the_nodes_to_resolve(api: Services) -> None:
    assert resolve(api, "nas") == "nas"
    assert may_be_service("nas")


def test_where_the_hub_may_not_look_the_clusters_dns_is_asked(names: dict[str, str]) -> None:
    names["nfs.cvmfs.svc.cluster.local"] = "10.0.0.7"
    assert resolve(Services(error=ApiException(status=403)), "nfs.cvmfs.svc.cluster.local") == "10.0.0.7"


def test_a_service_by_its_full_name_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(AddressError, match=r"The NFS server nfs\.gone\.svc was expected to be a Service"):
        resolve(NFS, "nfs.gone.svc")


def test_names_that_are_too_long_for_dns_are_no_services() -> None:
    long = f"{'a' * 64}.cvmfs.svc"
    assert resolve(NFS, long) == long


def test_an_address_is_asked_for_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Services({("nfs", "cvmfs"): V1ServiceSpec(cluster_ip="10.0.0.9")})
    now = [0.0]
    monkeypatch.setattr(service_address, "_clock", lambda: now[0])
    for now[0] in (1.0, 2.0, 60.0):
        assert resolve(api, "nfs.cvmfs") == "10.0.0.9"
    assert len(api.asked) == 1
    api.found["nfs", "cvmfs"] = V1ServiceSpec(cluster_ip="10.0.0.10")
    now[0] = 62.0
    assert resolve(api, "nfs.cvmfs") == "10.0.0.10"


def test_the_same_short_name_in_two_namespaces_is_two_services() -> None:
    addresses = {("nfs", "a"): V1ServiceSpec(cluster_ip="10.0.0.1"), ("nfs", "b"): V1ServiceSpec(cluster_ip="10.0.0.2")}
    api = Services(addresses)
    assert [resolve(api, "nfs", namespace) for namespace in "abab"] == ["10.0.0.1", "10.0.0.2"] * 2
