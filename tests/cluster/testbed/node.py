"""A node: its own root, containerd, kubelet, autofs on /cvmfs and the double of the CernVM-FS CSI driver."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.testbed import node_files
from tests.cluster.testbed.cgroups import make_cgroup
from tests.cluster.testbed.machine import Machine
from tests.cluster.testbed.programs import Program, children, wait_until

CONTAINERD = "/run/containerd/containerd.sock"
_FIRST_PROCESS = Path(__file__).with_name("node-root.sh")


class Node:
    """The node number *index* of a machine."""

    def __init__(self, name: str, index: int, *, directory: Path, binaries: Path, machine: Machine) -> None:
        self.name = name
        self.directory = directory / name
        self.index = index
        self._logs = directory / "logs"
        self._binaries = binaries
        self._machine = machine

    @property
    def cgroup(self) -> str:
        return f"{self._machine.interface}/{self.name}"

    @property
    def first_pid(self) -> int:
        """The node's first process; the files of the node are below /proc/PID/root."""
        return children(self._first.pid)[0]

    @property
    def enter(self) -> list[str]:
        """The command that runs another one on this node."""
        return ["nsenter", "--target", str(self.first_pid), "--net", "--pid", "--mount", "--"]

    def run(
        self, argv: Sequence[str | Path], *, check: bool = True, stdin: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the node."""
        with (stdin or Path("/dev/null")).open("rb") as given:
            return subprocess.run([*self.enter, *argv], check=check, stdin=given, capture_output=True, text=True)

    def repositories(self) -> list[str]:
        """Return the repositories that are mounted now, dead or alive; asking mounts none."""
        mounts = Path(f"/proc/{self.first_pid}/mountinfo").read_text().splitlines()
        points = [line.split()[4] for line in mounts]
        return sorted({point.removeprefix("/cvmfs/") for point in points if point.startswith("/cvmfs/")})

    def start_runtime(self, repositories: Path) -> None:
        """Start what needs no API server."""
        for folder in ("lib", "log"):
            (self.directory / folder).mkdir(parents=True)
        make_cgroup(self.cgroup)
        arguments = [str(self.directory), str(repositories), str(self._binaries / "pause")]
        namespaces = ["--mount", "--pid", "--fork", "--kill-child=SIGKILL"]
        self._first = self._program(
            "node", ["unshare", *namespaces, "sh", str(_FIRST_PROCESS), *arguments], on_machine=True
        )
        self._first.start()
        wait_until("the node has its root", lambda: self._first.must_run() and self._has_its_root())
        files = node_files.write(self.directory, pods=self._machine.pods_of_node(self.index))
        master = files / "auto.master"
        # autofs serves no member of its own process group, which must be one of this process namespace.
        automount = ["setsid", "automount", "--foreground", "--pid-file", "/run/automount.pid", master]
        self._program("automount", automount).start()
        self._containerd = self._program("containerd", ["containerd", "--config", files / "containerd.toml"])
        self._containerd.start()
        self._csi = self._program("csi", [self._binaries / "csi", "node", "--node-id", self.name])

    def _has_its_root(self) -> bool:
        below = children(self._first.pid)
        return bool(below) and Path(f"/proc/{below[0]}/comm").read_text().strip() == "pause"

    def start_kubelet(self, kubeconfig: Path, *, path: Path | None) -> None:
        """Start the kubelet, which looks in *path* first for mount helpers."""
        self._wait_for_containerd()
        configuration = node_files.write_kubelet(
            self.directory, index=self.index, cgroup=self.cgroup, dns_ip=self._machine.dns_ip
        )
        options = [
            f"--config={configuration}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={self.name}",
            f"--node-ip={self._machine.ip}",
        ]
        self._kubelet = self._program("kubelet", [self._binaries / "kube", "kubelet", *options], path=path)
        self._kubelet.start()

    def import_image(self, archive: Path) -> None:
        """Take an image from an archive as `docker save` writes it; the name in it is the image's name."""
        imported = ["ctr", "--address", CONTAINERD, "--namespace", "k8s.io", "images", "import", "-"]
        self.run(imported, stdin=archive)

    def _wait_for_containerd(self) -> None:
        version = ["ctr", "--address", CONTAINERD, "version"]
        wait_until(
            "containerd answers", lambda: self._containerd.must_run() and self.run(version, check=False).returncode == 0
        )

    def start_driver(self) -> None:
        """Start the CSI driver's node plugin; the kubelet registers it within seconds."""
        self._csi.start()

    def stop_driver(self) -> None:
        """Let the node be one without the driver; what is mounted stays so."""
        self._csi.stop()

    def start_reconciler(self, period: float = 30) -> None:
        """Look every *period* seconds for repositories whose client died; the driver's own period is 30 s."""
        self.stop_reconciler()
        self._reconciler = self._program("reconciler", [self._binaries / "csi", "reconciler", f"--period={period}s"])
        self._reconciler.start()

    def stop_reconciler(self) -> None:
        if hasattr(self, "_reconciler"):
            self._reconciler.stop(signal.SIGKILL)

    def log(self, name: str) -> str:
        """Return what one of the node's programs wrote since the cluster started."""
        return (self._logs / f"{self.name}-{name}.log").read_text(errors="replace")

    def kill_client(self, repository: str) -> None:
        """Kill what serves *repository*: the kernel answers ENOTCONN from now on."""
        self.run(["pkill", "-KILL", "-f", f"squashfuse.* /cvmfs/{repository}"])

    def _program(
        self, name: str, argv: Sequence[str | Path], *, on_machine: bool = False, path: Path | None = None
    ) -> Program:
        environment = ["env", f"PATH={path}:{os.environ['PATH']}"] if path else []
        enter = None if on_machine else self.enter
        return self._machine.program([*environment, *argv], log=self._logs / f"{self.name}-{name}.log", enter=enter)
