"""Squids for the nodes: what the chart makes of them, and what a real Squid does with the settings it is given."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from eessi_spawner.demo.hub import free_port
from tests.chart.goldens import EXAMPLES
from tests.chart.helm import COMPONENT, Helm
from tests.cluster.testbed.programs import wait_until

# Debian puts it where only root looks.
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
HOST = "stratum-1.example.org"
# The user of the chart's pods, where tests run as root: no service runs so on any machine.
USER = {"user": 13, "group": 13, "extra_groups": []} if os.geteuid() == 0 else {}
LOOPBACK = ["127.0.0.0/8"]


def deployments(helm: Helm, **squid: Any) -> list[dict[str, Any]]:
    made = helm.documents({"squid": {"create": True, **squid}})
    labelled = [document for document in made if document["metadata"].get("labels", {}).get(COMPONENT) == "squid"]
    return [document for document in labelled if document["kind"] == "Deployment"]


def settings(helm: Helm, values: dict[str, Any]) -> str:
    """Return Squid's file of settings."""
    values = {**values, "squid": {"create": True, **values.get("squid", {})}}
    for document in helm.documents(values):
        if "squid.conf" in document.get("data", {}):
            return str(document["data"]["squid.conf"])
    raise AssertionError(values)


@pytest.fixture(scope="module")
def squid(pytestconfig: pytest.Config) -> str:
    """The program."""
    program = shutil.which("squid", path=PATH)
    if program is None:
        reason = "Squid is needed: apt-get install squid"
        if pytestconfig.getoption("--no-skips"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program


class Stratum1(BaseHTTPRequestHandler):
    """Serves one file, which is good for an hour."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=3600")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"file")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def stratum_1() -> Iterator[ThreadingHTTPServer]:
    Stratum1.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Stratum1) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def running(program: str, text: str) -> Iterator[str]:
    """Run Squid as the chart's pod does, on a port and in a folder of this machine; give its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cache").mkdir()
        (folder / "hosts").write_text(f"127.0.0.1 {HOST} other.example.org\n")
        text = text.replace("/var/spool/squid", f"{folder}/cache").replace("http_port 3128", f"http_port {port}")
        (folder / "squid.conf").write_text(f"{text}\nhosts_file {folder}/hosts\n")
        for path in (folder, folder / "cache"):
            if USER:
                os.chown(path, 13, 13)
        made = subprocess.run(
            [program, "-N", "-z", "-f", folder / "squid.conf"], capture_output=True, check=False, **USER
        )
        assert made.returncode == 0, made.stderr
        command = [program, "-N", "-d", "1", "-f", str(folder / "squid.conf")]
        with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log, **USER) as process:
            try:
                wait_until("Squid listens", lambda: is_listening(port) or process.poll() is not None)
                assert process.poll() is None, (folder / "log").read_text()
                yield f"http://127.0.0.1:{port}"
            finally:
                # Told to end it would wait for its clients.
                process.kill()


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def ask(proxy: str, url: str, data: bytes | None = None) -> int:
    """Return the status that the proxy answers with."""
    request = urllib.request.Request(url, data=data)  # noqa: S310  # http, by its callers
    request.set_proxy(proxy.removeprefix("http://"), "http")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # likewise
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_each_zone_has_squids_of_its_own_and_one_address_that_prefers_the_nearest(helm: Helm) -> None:
    zones = ["site-a", "Site_B.1"]
    made = deployments(helm, zones=zones, replicas=3)
    assert [document["metadata"]["name"] for document in made] == ["eessi-squid-site-a", "eessi-squid-site-b-1"]
    for zone, document in zip(zones, made, strict=True):
        spec = document["spec"]
        assert spec["replicas"] == 3
        affinity = spec["template"]["spec"]["affinity"]["nodeAffinity"]
        (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        zone_of_nodes = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
        assert term == {"matchExpressions": [zone_of_nodes]}
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert made[0]["spec"]["selector"] != made[1]["spec"]["selector"]


def test_one_address_and_one_budget_are_of_all_squids(helm: Helm) -> None:
    values = {"squid": {"create": True, "zones": ["a", "b"]}}
    made = [document for document in helm.documents(values) if document["metadata"]["name"] == "eessi-squid"]
    by_kind = {document["kind"]: document["spec"] for document in made if "spec" in document}
    assert by_kind["Service"]["trafficDistribution"] == "PreferClose"
    assert by_kind["PodDisruptionBudget"]["maxUnavailable"] == 1
    for document in deployments(helm, zones=["a", "b"]):
        labels = document["spec"]["template"]["metadata"]["labels"]
        assert by_kind["Service"]["selector"].items() <= labels.items()
        assert by_kind["PodDisruptionBudget"]["selector"]["matchLabels"].items() <= labels.items()
        assert by_kind["NetworkPolicy"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_without_zones_squids_are_spread_and_any_may_answer(helm: Helm) -> None:
    (document,) = deployments(helm)
    constraints = document["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [constraint["topologyKey"] for constraint in constraints] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    service = helm.objects({"squid": {"create": True}}, "squid")["Service"]
    assert "trafficDistribution" not in service["spec"]


@pytest.mark.parametrize(("storage_class", "kind"), [("", "emptyDir"), ("fast", "ephemeral")])
def test_the_volume_has_a_quarter_more_room_than_the_cache(helm: Helm, storage_class: str, kind: str) -> None:
    cache = {"disk": 1000, "storageClass": storage_class}
    (document,) = deployments(helm, cache=cache)
    volumes = {volume["name"]: volume for volume in document["spec"]["template"]["spec"]["volumes"]}
    assert "1250Mi" in yaml.safe_dump(volumes["cache"][kind])
    assert " 1000 16 256\n" in settings(helm, {"squid": {"cache": cache}})


def test_the_drivers_namespace_reaches_them_and_networks_that_are_named(helm: Helm) -> None:
    values = {"squid": {"create": True}, "cvmfsClient": {"namespace": "driver"}}
    policy = helm.objects({**values, "networkPolicy": {"squidFrom": ["10.1.0.0/16"]}}, "squid")["NetworkPolicy"]
    (rule,) = policy["spec"]["ingress"]
    namespace = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "driver"}}}
    assert rule["from"] == [namespace, {"ipBlock": {"cidr": "10.1.0.0/16"}}]
    assert "NetworkPolicy" not in helm.objects({**values, "networkPolicy": {"create": False}}, "squid")


@pytest.mark.parametrize(
    "values",
    [{}, *(values for path in EXAMPLES if "squid" in (values := yaml.safe_load(path.read_text(encoding="utf-8"))))],
    ids=["defaults", *(path.stem for path in EXAMPLES if "\nsquid:" in path.read_text(encoding="utf-8"))],
)
def test_squid_finds_no_fault_with_its_settings(helm: Helm, squid: str, values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "squid.conf"
    file.write_text(settings(helm, values))
    done = subprocess.run([squid, "-k", "parse", "-f", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "WARNING" in line or "ERROR" in line or "FATAL" in line]


def test_a_node_gets_a_file_of_a_server_that_is_asked_once(
    helm: Helm, squid: str, stratum_1: ThreadingHTTPServer
) -> None:
    server = f"http://{HOST}:{stratum_1.server_port}"
    values = {"squid": {"clients": LOOPBACK}, "cvmfsClient": {"create": True, "servers": [server]}}
    with running(squid, settings(helm, values)) as proxy:
        url = f"{server}/cvmfs/software.eessi.io/.cvmfspublished"
        assert [ask(proxy, url), ask(proxy, url)] == [200, 200]
    assert Stratum1.asked == ["/cvmfs/software.eessi.io/.cvmfspublished"]


def test_other_hosts_and_ports_and_whoever_would_write_are_refused(
    helm: Helm, squid: str, stratum_1: ThreadingHTTPServer
) -> None:
    port = stratum_1.server_port
    values = {"squid": {"clients": LOOPBACK, "domains": [HOST], "ports": [port]}}
    with running(squid, settings(helm, values)) as proxy:
        assert ask(proxy, f"http://{HOST}:{port}/file") == 200
        assert ask(proxy, f"http://other.example.org:{port}/file") == 403
        assert ask(proxy, f"http://127.0.0.1:{port}/file") == 403
        assert ask(proxy, f"http://{HOST}:{port + 1}/file") == 403
        assert ask(proxy, f"http://{HOST}:{port}/file", data=b"written") == 403
    assert len(Stratum1.asked) == 1


def test_who_is_not_of_the_cluster_is_refused(helm: Helm, squid: str, stratum_1: ThreadingHTTPServer) -> None:
    values = {"squid": {"domains": [HOST], "ports": [stratum_1.server_port]}}
    with running(squid, settings(helm, values)) as proxy:
        assert ask(proxy, f"http://{HOST}:{stratum_1.server_port}/file") == 403
