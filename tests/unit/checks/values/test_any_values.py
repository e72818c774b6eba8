"""Values of any shape at the keys that are looked at: there are always answers, and each one says what to do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from eessi_spawner.checks.values.check import check_values

# What the checks read, and some of it a level deeper.
DRIVER = """
extraConfigMaps extraConfigMaps.cvmfs-csi-default-local extraConfigMaps.cvmfs-csi-domain-d cache cache.local
cache.local.cvmfsQuotaLimit nodeplugin nodeplugin.tolerations nodeplugin.hostPID nodeplugin.extraVolumes
nodeplugin.automount.extraVolumeMounts kubeletDirectory
""".split()
HUB = """
hub hub.image hub.image.name hub.config hub.config.EESSISpawner hub.config.EESSISpawner.eessi_attach
hub.config.EESSISpawner.node_pools hub.config.EESSISpawner.find_node_pools hub.config.EESSISpawner.count_pods
singleuser.extraTolerations singleuser.storage.extraVolumeMounts scheduling.userPods.tolerations
""".split()
OURS = "attach attach.way attach.claim attach.nfs attach.nfs.server rbac rbac.nodes cvmfsClient.create global".split()
SHAPES: list[Any] = [
    None,
    True,
    0,
    5,
    -1.5,
    "",
    "x",
    "a\nb: {",
    [],
    [5],
    [None],
    [[1]],
    [{}],
    [{"key": {"a": 1}, "operator": [1], "value": 2, "effect": True, "name": 1, "mountPath": 2, "configMap": 3}],
    {},
    {"a": 1},
    {"default.local": 5, "way": {}},
    {"default.local": "CVMFS_HTTP_PROXY=;|DIRECT\nCVMFS_HTTP_PROXY", "way": "csi", "claim": 5},
]
OTHERS = [{"csiDriverName": "x"}, {"hub": {"config": {"JupyterHub": {"spawner_class": "eessi"}}}}, {"attach": {}}]


def at(path: str, data: Any) -> dict[str, Any]:
    """Return a mapping with *data* at *path*."""
    for key in reversed(path.split(".")):
        data = {key: data}
    return dict(data)


@pytest.mark.parametrize("path", [*DRIVER, *HUB, *OURS])
def test_whatever_stands_at_a_key_there_are_answers(path: str) -> None:
    for shape in SHAPES:
        texts = [yaml.safe_dump(values).encode() for values in (*OTHERS, at(path, shape))]
        answers = check_values([(f"{number}.yaml", text) for number, text in enumerate(texts)], ["eessi_attach"])
        assert "keys" in {answer.code for answer in answers}
        for answer in answers:
            assert answer.came, answer
            assert answer.level == "ok" or (answer.expected and answer.advice), answer
