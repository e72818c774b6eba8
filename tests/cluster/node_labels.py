"""Labels nodes, as Node Feature Discovery would by the rules of this project."""

from __future__ import annotations

from eessi_spawner.placement.labels import Labels
from eessi_spawner.stack.cpu_targets import CpuTarget
from tests.cluster.testbed.api import Api


def label(api: Api, node: str, chain: tuple[CpuTarget, ...]) -> None:
    """Label *node* as one that runs *chain*, and nothing else; empty: it reports nothing."""
    labels = Labels()
    present = api.core.read_node(node).metadata.labels
    ours = [key for key in present if key.startswith("cpu.eessi.io/")]
    wanted = labels.labels_of(chain) if chain else {}
    api.core.patch_node(node, {"metadata": {"labels": {**dict.fromkeys(ours), **wanted}}})
