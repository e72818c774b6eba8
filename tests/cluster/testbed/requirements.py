"""What the machine must have."""

from __future__ import annotations

import os
import shutil
import sys

from tests.cluster.testbed.node_files import CNI_PROGRAMS, cni_programs

_PROGRAMS = (
    "automount containerd ctr dnsmasq go ip iptables nsenter openssl pkill pivot_root runc setpriv squashfuse unshare"
)


def missing() -> str:
    """Say what the cluster lacks here, or nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a cluster's nodes need Linux and root"
    absent = [program for program in _PROGRAMS.split() if shutil.which(program) is None]
    if cni_programs() is None:
        absent.append(f"bridge in {' or '.join(map(str, CNI_PROGRAMS))}")
    return f"a cluster's nodes need {', '.join(absent)}: make cluster-packages, and install Go" if absent else ""
