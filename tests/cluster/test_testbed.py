"""The test bed is a cluster like any other, and goes without a trace."""

from __future__ import annotations

import functools
import http.server
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster.pods import pod
from tests.cluster.testbed import folders
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.binaries import SOURCES
from tests.cluster.testbed.cgroups import hierarchies
from tests.cluster.testbed.cluster import NODES, Cluster
from tests.cluster.testbed.programs import wait_until


@pytest.mark.parametrize("node", NODES)
def test_a_pod_runs_on_each_node_and_its_log_and_shell_are_reached(api: Api, busybox: str, node: str) -> None:
    command = ("sh", "-c", "echo started; exec sleep 1000000")
    with pod(api, f"shell-{node}", image=busybox, node=node, command=command) as shell:
        shell.wait_for_phase("Running")
        assert shell.log() == "started\n"
        assert shell.run("echo asked") == "asked\n"


def test_the_scheduler_finds_a_node(api: Api, busybox: str) -> None:
    with pod(api, "anywhere", image=busybox) as anywhere:
        anywhere.wait_for_phase("Running")
        assert anywhere.read().spec.node_name in NODES


def test_pods_services_and_this_machine_reach_each_other(
    testbed: Cluster, api: Api, busybox: str, tmp_path: Path
) -> None:
    (tmp_path / "page").write_text("from this machine")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    serves = ("sh", "-c", "mkdir /www && echo -n from a pod > /www/page && exec httpd -f -p 8000 -h /www")
    with (
        http.server.ThreadingHTTPServer((testbed.host_ip, 0), handler) as server,
        pod(api, "server", image=busybox, node="node-a", command=serves) as served,
        pod(api, "client", image=busybox, node="node-b") as asks,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asks.wait_for_phase("Running")
        served.wait_for_phase("Running")
        try:
            assert asks.run(f"wget -q -O - http://{testbed.host_ip}:{server.server_port}/page") == "from this machine"
        finally:
            server.shutdown()
        api.core.patch_namespaced_pod("server", "default", {"metadata": {"labels": {"app": "server"}}})
        service = {"metadata": {"name": "server"}, "spec": {"selector": {"app": "server"}, "ports": [{"port": 8000}]}}
        service_ip = api.core.create_namespaced_service("default", service).spec.cluster_ip
        assert fetched(f"http://{served.read().status.pod_ip}:8000/page") == "from a pod"
        wait_until("the service leads there", lambda: fetched(f"http://{service_ip}:8000/page") == "from a pod")
        assert asks.run(f"wget -q -O - http://{service_ip}:8000/page") == "from a pod"
        testbed.names.publish(api)
        assert asks.run("wget -q -O - http://server:8000/page") == "from a pod"
        assert asks.run("wget -q -O - http://server.default.svc.cluster.local:8000/page") == "from a pod"
        api.core.delete_namespaced_service("server", "default")


def fetched(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  (of the cluster)
            return str(answer.read().decode())
    except OSError as error:
        return str(error)


def test_a_pods_token_is_its_service_accounts(testbed: Cluster, api: Api, busybox: str, tmp_path: Path) -> None:
    with pod(api, "who", image=busybox) as who:
        who.wait_for_phase("Running")
        config = json.loads(testbed.kubeconfig.read_text())
        config["users"][0]["user"]["token"] = who.run("cat /var/run/secrets/kubernetes.io/serviceaccount/token")
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        with Api(tmp_path / "kubeconfig") as as_pod:
            review = client.AuthenticationV1Api(as_pod.core.api_client).create_self_subject_review({})
        assert review.status.user_info.username == "system:serviceaccount:default:default"


def test_pod_security_refuses_what_a_namespace_forbids(api: Api, busybox: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.core.create_namespace({"metadata": {"name": "strict", "labels": labels}})
    api.wait_for_service_account("strict")
    with (
        pytest.raises(ApiException, match="violates PodSecurity"),
        pod(api, "forbidden", image=busybox, namespace="strict"),
    ):
        pytest.fail("it was let in")


def test_pods_outlive_an_outage_of_the_api_server(testbed: Cluster, api: Api, busybox: str) -> None:
    with pod(api, "outlives", image=busybox) as outlives:
        outlives.wait_for_phase("Running")
        testbed.stop_api_server()
        assert "refused" in fetched(f"{testbed.url}/readyz")
        testbed.start_api_server()
        assert outlives.run("echo still here") == "still here\n"
        assert outlives.read().status.container_statuses[0].restart_count == 0


def traces(name: str, folder: Path) -> list[str]:
    """Return what of a cluster can be seen on this machine."""
    found = [str(path) for path in [folder, Path("/sys/class/net", name)] if path.exists()]
    found += [str(hierarchy / name) for hierarchy in hierarchies() if (hierarchy / name).exists()]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line or name in line]
    processes = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True)
    return found + [line for line in processes.stdout.splitlines() if str(folder) in line]


def test_two_clusters_live_side_by_side_and_one_stops_without_a_trace(
    testbed: Cluster, api: Api, tmp_path: Path
) -> None:
    rules = subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout
    second = Cluster(tmp_path, name=f"{testbed.directory.name}-second")
    with second:
        assert second.host_ip != testbed.host_ip
        seen = functools.partial(traces, second.interface, second.directory)
        assert len(seen()) > 10
    assert seen() == []
    assert subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout == rules
    second.stop()
    assert {node.metadata.name for node in api.core.list_node().items} == set(NODES)


def test_a_cluster_whose_owner_is_killed_dies_too_and_is_swept_up_by_the_next(testbed: Cluster, tmp_path: Path) -> None:
    folder = testbed.directory.with_name(f"{testbed.directory.name}-killed")
    script = (
        f"from tests.cluster.testbed.cluster import *; Cluster(Path({str(tmp_path)!r}), name={folder.name!r}).start()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2]) as owner:
        log = folder / "logs/node-b-containerd.log"
        wait_until("the cluster is half started", log.exists)
        owner.send_signal(signal.SIGKILL)
    wait_until("its processes are gone", lambda: folders.first_pid(folder) is None)
    assert folder in list(folders.abandoned(folder.parent))
    name = folders.state(folder)["name"]
    folders.remove(folder)
    assert traces(name, folder) == []


def test_the_go_sources_are_formatted(testbed: Cluster) -> None:  # noqa: ARG001  (says that Go is here)
    assert subprocess.run(["gofmt", "-l", SOURCES], check=True, capture_output=True, text=True).stdout == ""
