"""A survey of a cluster: what each object says, in pages, and what may not be seen."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from kubernetes_asyncio.client import ApiClient, Configuration

from eessi_spawner.cluster.survey import Survey, survey
from eessi_spawner.cluster.volumes import Claim, StorageClass, Volume
from eessi_spawner.errors import ClusterError

DRIVER = "cvmfs.csi.cern.ch"
STORAGE = "/apis/storage.k8s.io/v1"


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **more}


OBJECTS: dict[str, list[dict[str, Any]]] = {
    "/api/v1/nodes": [named(name, status={"conditions": [{"type": "Ready", "status": "True"}]}) for name in "abc"],
    f"{STORAGE}/csidrivers": [named(DRIVER)],
    f"{STORAGE}/csinodes": [
        named("a", spec={"drivers": [{"name": DRIVER}, {"name": "x"}]}),
        named("b", spec={"drivers": None}),
    ],
    f"{STORAGE}/storageclasses": [
        named("root", provisioner=DRIVER),
        named("one", provisioner=DRIVER, parameters={"repository": "software.eessi.io"}),
    ],
    "/api/v1/persistentvolumes": [
        named(
            "csi",
            spec={
                "csi": {"driver": DRIVER, "volumeAttributes": {"repository": "a.b"}},
                "claimRef": {"namespace": "jhub", "name": "cvmfs"},
            },
        ),
        named("nfs", spec={"nfs": {"server": "10.0.0.5", "path": "/cvmfs"}}),
        named("local", spec={"local": {"path": "/cvmfs"}}),
        named("host", spec={"hostPath": {"path": "/x"}}),
    ],
    "/api/v1/namespaces/jhub/persistentvolumeclaims": [
        named(
            "cvmfs",
            spec={"volumeName": "csi", "storageClassName": "", "accessModes": ["ReadOnlyMany"]},
            status={"phase": "Bound"},
        ),
        named("new", spec={"storageClassName": "root"}),
    ],
}


class Server(BaseHTTPRequestHandler):
    """Answers two objects a page, and refuses what it is told to."""

    refused: ClassVar[Mapping[str, tuple[int, str]]] = {}

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        status, body = 200, {}
        if path in self.refused:
            status, words = self.refused[path]
            body = {"kind": "Status", "message": words}
        elif path == "/api/v1/namespaces/jhub":
            body = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
        else:
            first = int(query.partition("continue=")[2] or 0)
            more = {"continue": str(first + 2)} if first + 2 < len(OBJECTS[path]) else {}
            body = {"metadata": more, "items": OBJECTS[path][first : first + 2]}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever).start()
        yield running
        running.shutdown()


def ask(port: int) -> Survey:
    async def look() -> Survey:
        async with ApiClient(Configuration(host=f"http://127.0.0.1:{port}")) as client:
            return await survey(client, "jhub")

    return asyncio.run(look())


def test_all_pages_of_all_kinds_are_read(server: HTTPServer) -> None:
    seen = ask(server.server_port)
    assert [node.name for node in seen.nodes or ()] == ["a", "b", "c"]
    assert all(node.is_open for node in seen.nodes or ())
    assert seen.drivers == {DRIVER}
    assert seen.node_drivers == {"a": {DRIVER, "x"}, "b": set()}
    assert seen.classes == (StorageClass("root", DRIVER), StorageClass("one", DRIVER, "software.eessi.io"))
    assert seen.volumes == (
        Volume("csi", driver=DRIVER, repository="a.b", claim=("jhub", "cvmfs")),
        Volume("nfs", nfs="10.0.0.5:/cvmfs"),
        Volume("local", path="/cvmfs"),
        Volume("host", path="/x"),
    )
    assert seen.claims == (Claim("cvmfs", "csi", "", "Bound", ("ReadOnlyMany",)), Claim("new", "", "root"))
    assert (seen.namespace, seen.pod_security, dict(seen.unseen)) == ("jhub", "baseline", {})


def test_what_is_refused_is_not_known_and_the_reason_is_kept(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {f"{STORAGE}/csinodes": (403, "csinodes is forbidden"), "/api/v1/namespaces/jhub": (404, "not found")}
    monkeypatch.setattr(Server, "refused", refused)
    seen = ask(server.server_port)
    assert (seen.node_drivers, seen.pod_security) == (None, None)
    assert seen.drivers == {DRIVER}
    assert dict(seen.unseen) == {"csinodes": "csinodes is forbidden", "namespace jhub": "not found"}


def test_an_api_server_that_is_away_is_an_error(server: HTTPServer) -> None:
    assert server.server_port
    with HTTPServer(("127.0.0.1", 0), Server) as away:
        port = away.server_port
    with pytest.raises(ClusterError, match=r"did not answer when asked for csidrivers: Cannot connect"):
        ask(port)
