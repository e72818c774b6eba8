"""What tests of `eessi-spawner render` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EESSI = 'c.JupyterHub.spawner_class = "eessi"\n'
PROFILES = """
c.KubeSpawner.profile_list = [
    {"display_name": "Small", "slug": "small"},
    {"display_name": "Large", "slug": "large", "kubespawner_override": {"cpu_limit": 8}},
]
"""

Render = Callable[..., list[dict[str, Any]]]
Refused = Callable[..., str]


def variables(pod: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in pod["spec"]["containers"][0]["env"]}
