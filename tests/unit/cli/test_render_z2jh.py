"""`eessi-spawner render` in the hub's pod of Zero to JupyterHub."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.cli.rendered import Render, variables

# How images/hub/jupyterhub_config.py of Zero to JupyterHub 4.4 sets traits: a module beside it that reads files, traits
# in the section KubeSpawner, volumes as a dict, a model among the init containers, pass-through sections and code.
Z2JH = """
import os
import sys
from kubernetes_asyncio import client
configuration_directory = os.path.dirname(os.path.realpath(__file__))
from z2jh_like import get_config
print("Loading values")
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://hub:8081"
c.KubeSpawner.namespace = "jhub"
common_labels = c.KubeSpawner.common_labels = {}
common_labels["app"] = "jupyterhub"
c.KubeSpawner.image = "registry.example.org/singleuser:1"
c.KubeSpawner.volumes = {"volume-{user_server}": {"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}}
c.KubeSpawner.volume_mounts = {"home": {"name": "home", "mountPath": "/home/jovyan"}}
c.KubeSpawner.node_affinity_preferred.append({"weight": 100, "preference": {"matchExpressions": []}})
c.KubeSpawner.init_containers.append(client.V1Container(name="block-cloud-metadata", image="tools:1"))
for section, values in get_config("hub.config").items():
    c[section].update(values)
for key, code in sorted(get_config("hub.extraConfig").items()):
    exec(code)
"""
Z2JH_MODULE = """
import os
import yaml
with open(os.path.join(os.path.dirname(__file__), "secret", "values.yaml")) as file:
    values = yaml.safe_load(file)
def get_config(key):
    value = values
    for level in key.split("."):
        value = value[level]
    return value
"""
Z2JH_VALUES = """
hub:
  config:
    JupyterHub: {spawner_class: eessi}
    EESSISpawner: {eessi_attach: {way: csi, claim: eessi}, kernels_image: "registry.example.org/kernels:1"}
  extraConfig:
    hook: |
      def hook(spawner, pod):
          pod.spec.priority_class_name = "users"
          return pod
      c.KubeSpawner.modify_pod_hook = hook
"""


def test_the_configuration_of_zero_to_jupyterhub_keeps_all_that_it_sets(
    tmp_path: Path, render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "z2jh_like", raising=False)
    (tmp_path / "z2jh_like.py").write_text(Z2JH_MODULE)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "values.yaml").write_text(Z2JH_VALUES)
    (pod,) = render(Z2JH)
    spec = pod["spec"]
    assert pod["metadata"]["namespace"] == "jhub"
    assert pod["metadata"]["labels"]["app"] == "jupyterhub"
    assert [volume["name"] for volume in spec["volumes"]] == ["home", "eessi-cvmfs", "eessi-kernels"]
    assert spec["volumes"][1]["persistentVolumeClaim"]["claimName"] == "eessi"
    assert [found["name"] for found in spec["initContainers"]] == ["block-cloud-metadata", "eessi-kernels"]
    assert spec["priorityClassName"] == "users"
    assert variables(pod)["JUPYTERHUB_API_URL"] == "http://hub:8081/hub/api"
