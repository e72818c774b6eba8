"""What tests of EESSISpawner share: profiles of an admin's, and the parts of a pod that they look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jupyterhub.spawner import Spawner

from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings, settings_from_variable
from eessi_spawner.spawner.kube import EESSISpawner
from tests.unit.affinity import REQUIRED

Json = dict[str, Any]
MakeSpawner = Callable[..., EESSISpawner]
PodOf = Callable[..., Json]

PROFILES = [
    {"display_name": "Small", "slug": "small", "kubespawner_override": {"cpu_limit": 1}},
    {
        "display_name": "Large",
        "slug": "large",
        "kubespawner_override": {"cpu_limit": 8},
        "profile_options": {
            "image": {
                "display_name": "Image",
                "choices": {"a": {"display_name": "A", "kubespawner_override": {"image": "registry.example.org/a:1"}}},
                "unlisted_choice": {
                    "enabled": True,
                    "display_name": "Yours",
                    "validation_regex": "^registry.example.org/.+:.+$",
                    "kubespawner_override": {"image": "{value}"},
                },
            }
        },
    },
]


ZEN4, ZEN3, ARM = "x86_64/amd/zen4", "x86_64/amd/zen3", "aarch64/neoverse_n1"
POOLS: list[Json] = [
    {"name": "zen4", "cpu_target": ZEN4, "node_selector": {"pool": "zen4"}},
    {"name": "zen3", "cpu_target": ZEN3, "node_selector": {"pool": "zen3"}, "nfs_server": "192.0.2.3"},
    {"name": "arm", "cpu_target": ARM, "node_selector": {"pool": "arm"}},
    {
        "name": "gpu",
        "cpu_target": ZEN4,
        "accelerators": ["nvidia/cc80"],
        "node_selector": {"pool": "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    },
    {
        "name": "course",
        "cpu_target": ZEN4,
        "node_selector": {"pool": "course"},
        "allowed_groups": ["course"],
    },
]


def join(spawner: Spawner, *groups: str) -> None:
    """Let the user of *spawner* be in *groups*, and in no others."""
    spawner.user.sync_groups(groups)


def settings(pod: Json) -> KernelSettings:
    return settings_from_variable(variables(pod)[SETTINGS_VARIABLE])


def terms(pod: Json) -> list[Json]:
    affinity = pod["spec"].get("affinity") or {}
    found: list[Json] = affinity["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] if affinity else []
    return found


def pool_term(*pools: str) -> Json:
    return {"key": "pool", "operator": "In", "values": list(pools)}


def notebook(pod: Json) -> Json:
    container: Json = pod["spec"]["containers"][0]
    assert container["name"] == "notebook"
    return container


def variables(pod: Json) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in notebook(pod)["env"]}


def environments(pod: Json) -> list[str]:
    return [found["name"] for found in json.loads(variables(pod)[SETTINGS_VARIABLE])["environments"]]
