"""A large cluster: nodes of twelve kinds and users' pods on them, made on a real API server, and read back from it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from eessi_spawner.cluster.inventory import Inventory
from eessi_spawner.cluster.watch import _PAGE
from eessi_spawner.placement.labels import Labels
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget
from tests.cluster.hub_client import hub_client
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.kwok import ANNOTATION
from tests.cluster.testbed.programs import wait_until

NAMESPACE = "default"

# CPU target, machine type, cores, GiB, GPUs.
KINDS = (
    ("x86_64/amd/zen2", "m5a.4xlarge", 16, 64, 0),
    ("x86_64/amd/zen3", "m6a.4xlarge", 16, 64, 0),
    ("x86_64/amd/zen3", "r6a.8xlarge", 32, 256, 0),
    ("x86_64/amd/zen4", "m7a.8xlarge", 32, 128, 0),
    ("x86_64/intel/haswell", "m4.4xlarge", 16, 64, 0),
    ("x86_64/intel/skylake_avx512", "m5.4xlarge", 16, 64, 0),
    ("x86_64/intel/cascadelake", "g4dn.8xlarge", 32, 128, 1),
    ("x86_64/intel/icelake", "m6i.4xlarge", 16, 64, 0),
    ("x86_64/intel/sapphirerapids", "m7i.12xlarge", 48, 192, 0),
    ("x86_64/intel/sapphirerapids", "p5.48xlarge", 192, 2048, 8),
    ("aarch64/neoverse_n1", "m6g.4xlarge", 16, 64, 0),
    ("aarch64/neoverse_v1", "c7g.16xlarge", 64, 128, 0),
)
_NFD = "feature.node.kubernetes.io"
_FLAGS = (
    "ADX AESNI AVX CETIBT CETSS CLDEMOTE CMPXCHG8 FLUSH_L1D FSRM FXSR FXSROPT GFNI HYPERVISOR IA32_ARCH_CAP IBPB IBRS "
    "INVPCID LAHF MD_CLEAR MOVBE MOVDIR64B MOVDIRI OSXSAVE PREFETCHI RDPRU RDTSC SERIALIZE SHA SPEC_CTRL_SSBD STIBP "
    "SYSCALL SYSEE TSXLDTRK VPCLMULQDQ WBNOINVD X87 XGETBV1 XSAVE XSAVEC XSAVEOPT XSAVES"
).split()


@dataclass(frozen=True)
class Recording:
    """What the API server said of a cluster, as it said it."""

    node_pages: tuple[bytes, ...]
    pod_pages: tuple[bytes, ...]
    node_lines: tuple[bytes, ...]  # of a watch, one a node


def grow(api: Api, *, nodes: int, pods: int, have: tuple[int, int] = (0, 0)) -> None:
    """Make nodes and pods up to these numbers, where there are *have* already, and wait until kwok runs the pods."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(api.core.create_node, map(node, range(have[0], nodes))))
        made = map(partial(pod, nodes=nodes), range(have[1], pods))
        list(pool.map(partial(api.core.create_namespaced_pod, NAMESPACE), made))
    waiting = partial(api.core.list_namespaced_pod, NAMESPACE, field_selector="status.phase!=Running", limit=1)
    wait_until("all pods run", lambda: not waiting().items, 600)


def record(api: Api) -> Recording:
    """Write down what the API server says of all nodes and pods."""
    node_pages, pod_pages = (tuple(_pages(read)) for read in (api.core.list_node, api.core.list_pod_for_all_namespaces))
    nodes = sum(len(json.loads(page)["items"]) for page in node_pages)
    # A watch from version 0 begins with an event for each object that there is.
    watched = api.core.list_node(watch=True, resource_version="0", timeout_seconds=60, _preload_content=False)
    lines = tuple(itertools.islice(watched, nodes))
    watched.close()
    return Recording(node_pages, pod_pages, lines)


def _pages(read: Any) -> Iterator[bytes]:
    more = None
    while True:
        page = read(limit=_PAGE, _continue=more, _preload_content=False).data
        yield page
        more = json.loads(page)["metadata"].get("continue")
        if not more:
            return


def filled_inventory(kubeconfig: Path, *, nodes: int) -> Inventory:
    """Return an inventory that has been told of all, once so many nodes are ready; later changes it will not know."""

    async def filled() -> Inventory:
        inventory = Inventory()
        async with hub_client(kubeconfig) as api_client:
            inventory.start(api_client, watch_pods=True)
            while not inventory.pods_known or sum(node.is_ready for node in inventory.nodes.values()) < nodes:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            # Not by `stop`: its states remain what they were.
            for task in inventory._tasks:
                task.cancel()
            await asyncio.gather(*inventory._tasks, return_exceptions=True)
        return inventory

    return asyncio.run(asyncio.wait_for(filled(), 300))


def node(number: int) -> dict[str, Any]:
    """Return a node as a kubelet, a cloud and Node Feature Discovery make it."""
    target, machine, cores, memory, gpus = KINDS[number % len(KINDS)]
    room = {"cpu": str(cores), "memory": f"{memory}Gi", "pods": "250", "ephemeral-storage": "100Gi"}
    room |= {"hugepages-1Gi": "0", "hugepages-2Mi": "0"} | ({"nvidia.com/gpu": str(gpus)} if gpus else {})
    return {
        "metadata": {
            "name": f"fake-{number:04}",
            "annotations": {**ANNOTATION, "nfd.node.kubernetes.io/feature-labels": ",".join(_FLAGS)},
            "labels": _labels(number, CpuTarget(target), machine, gpus),
        },
        "spec": {
            "providerID": f"aws:///eu-west-1a/i-{number:017x}",
            "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}] if gpus else [],
        },
        "status": {
            "capacity": room,
            "allocatable": room | {"cpu": f"{cores * 1000 - 110}m", "memory": f"{memory * 1024 - 1500}Mi"},
            "images": [
                {
                    "names": [
                        f"registry.example.org/team-{image}/image@sha256:{image:064x}",
                        f"registry.example.org/team-{image}/image:2026.{image}",
                    ],
                    "sizeBytes": 100_000_000 + image,
                }
                for image in range(50)
            ],
        },
    }


def _labels(number: int, target: CpuTarget, machine: str, gpus: int) -> dict[str, str]:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[target.machine]
    rule = next(rule for rule in DETECTION_RULES[target.machine] if rule.target == target.path)
    labels = {
        "kubernetes.io/arch": architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": f"fake-{number:04}",
        "node.kubernetes.io/instance-type": machine,
        "topology.kubernetes.io/zone": f"eu-west-1{'abc'[number % 3]}",
        **Labels().labels_of(target.fallback_chain),
    }
    flags = {*_FLAGS, *(flag.upper() for flag in rule.flags)}
    labels |= {f"{_NFD}/cpu-cpuid.{flag}": "true" for flag in sorted(flags)}
    labels |= {f"{_NFD}/cpu-model.{name}": value for name, value in (("family", "25"), ("id", "1"))}
    if gpus:
        gpu = {"count": str(gpus), "compute.major": "8", "compute.minor": "0", "memory": "81920", "family": "ampere"}
        labels |= {f"nvidia.com/gpu.{name}": value for name, value in gpu.items()}
    return labels


def _label(path: str) -> str:
    return path.replace("/", ".")


def pod(number: int, *, nodes: int) -> dict[str, Any]:
    """Return a user's pod as KubeSpawner makes it, bound to one of *nodes*."""
    name = f"jupyter-user-{number:05}"
    environment = [{"name": f"JUPYTERHUB_SETTING_{entry}", "value": f"value-{entry}-{name}"} for entry in range(30)]
    requests = {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"cpu": "4", "memory": "8Gi"}}
    image = "registry.example.org/user:2026"
    return {
        "metadata": {
            "name": name,
            "labels": {"app": "jupyterhub", "component": "singleuser-server", "hub.jupyter.org/username": name},
            "annotations": {"hub.jupyter.org/username": name},
        },
        "spec": {
            "nodeName": f"fake-{number % nodes:04}",
            "tolerations": [{"key": "hub.jupyter.org/dedicated", "value": "user", "effect": "NoSchedule"}],
            "initContainers": [{"name": "block-metadata", "image": image, "resources": {"requests": {"cpu": "10m"}}}],
            "containers": [{"name": "notebook", "image": image, "env": environment, "resources": requests}],
            "volumes": [{"name": "home", "emptyDir": {}}],
        },
    }
