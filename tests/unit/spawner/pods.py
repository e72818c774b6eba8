"""What tests of EESSISpawner share: profiles of an admin's, and the parts of a pod that they look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from eessi_spawner.kernels.settings import SETTINGS_VARIABLE
from eessi_spawner.spawner.kube import EESSISpawner

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


def notebook(pod: Json) -> Json:
    container: Json = pod["spec"]["containers"][0]
    assert container["name"] == "notebook"
    return container


def variables(pod: Json) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in notebook(pod)["env"]}


def environments(pod: Json) -> list[str]:
    return [found["name"] for found in json.loads(variables(pod)[SETTINGS_VARIABLE])["environments"]]
