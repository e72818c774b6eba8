"""The configuration files of a node: containerd's, the pod network's, autofs' and the kubelet's."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

PAUSE_IMAGE = "localhost/testbed/pause:1"
# Where Debian has them; other distributions' packages use the second.
CNI_PROGRAMS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))

_CONTAINERD = """\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Root in a virtual machine may lack CAP_SYS_RESOURCE.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{programs}"
    conf_dir = "{folder}/cni"
"""

# What autofs mounts where /cvmfs/KEY is asked for: the image of that name, or nothing.
_MAP = """\
#!/bin/sh
[ -f "/repositories/$1.sqsh" ] && echo "-fstype=fuse.squashfuse,allow_other,ro,nodev,nosuid :/repositories/$1.sqsh"
"""
# The driver's own times out after 300 s. What was not there is asked for again at once: tests add repositories.
_MASTER = "/cvmfs {folder}/auto.cvmfs --timeout=300 --negative-timeout=1\n"


def cni_programs() -> Path | None:
    """Return the folder of the pod network's programs, if there is one."""
    return next((folder for folder in CNI_PROGRAMS if (folder / "bridge").exists()), None)


def write(directory: Path, *, pods: str) -> Path:
    """Write what containerd and autofs read, and return the folder."""
    folder = directory / "etc"
    (folder / "cni").mkdir(parents=True)
    (folder / "containerd.toml").write_text(
        _CONTAINERD.format(pause=PAUSE_IMAGE, programs=cni_programs(), folder=folder)
    )
    (folder / "cni/10-pods.conflist").write_text(json.dumps(_pod_network(directory.name, pods)))
    (folder / "auto.cvmfs").write_text(_MAP)
    (folder / "auto.cvmfs").chmod(0o755)
    (folder / "auto.master").write_text(_MASTER.format(folder=folder))
    return folder


def _pod_network(name: str, pods: str) -> dict[str, object]:
    bridge = {
        "type": "bridge",
        "bridge": name,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": pods}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    assert ipaddress.ip_network(pods)
    return {"cniVersion": "0.4.0", "name": name, "plugins": [bridge, portmap]}


def write_kubelet(directory: Path, *, index: int, cgroup: str, dns_ip: str) -> Path:
    """Write the kubelet's configuration; all kubelets share one address, so that each has ports of its own."""
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "clusterDNS": [dns_ip],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "enforceNodeAllocatable": [],
        # A full disk is no concern of these nodes, and no image of theirs can be pulled again.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "failCgroupV1": False,
        "failSwapOn": False,
        "healthzPort": 10300 + index,
        "oomScoreAdj": 0,
        "port": 10250 + index,
        "registerNode": True,
        "resolvConf": "",
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }
    path = directory / "etc/kubelet.json"
    path.write_text(json.dumps(configuration, indent=1))
    return path
