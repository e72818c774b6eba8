"""The cluster as tests and developers use it: start, stop, its nodes and its API server."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, final

from tests.cluster.testbed import folders
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.archive import write_archive
from tests.cluster.testbed.binaries import built_binaries
from tests.cluster.testbed.control_plane import ControlPlane
from tests.cluster.testbed.machine import Machine
from tests.cluster.testbed.names import Names
from tests.cluster.testbed.node import Node
from tests.cluster.testbed.node_files import PAUSE_IMAGE
from tests.cluster.testbed.programs import TestbedError

NODES = ("node-a", "node-b")


@final
@dataclass
class Cluster:
    """A cluster whose /cvmfs has the repositories of a folder, where each is a squashfs image NAME.sqsh."""

    repositories: Path  # that folder; images may come and go while the cluster runs
    name: str  # of its own folder below *base*; a cluster that still runs under this name is stopped first
    base: Path = folders.BASE
    drivers: Collection[str] = NODES  # the nodes that have the CernVM-FS CSI driver from the start
    mount_helpers: Path | None = None  # comes first where the kubelets look for `mount`, which looks itself in /sbin
    keep_logs: Path | None = None  # gets a copy of all logs when the cluster stops
    dies_with_caller: bool = True  # whether all ends with the *thread* that calls `start`, however that ends
    nodes: tuple[Node, ...] = field(init=False, default=())
    names: Names = field(init=False)
    _machine: Machine | None = field(init=False, default=None)
    _lock: IO[str] | None = field(init=False, default=None)

    @property
    def directory(self) -> Path:
        return self.base / self.name

    @property
    def logs(self) -> Path:
        """The folder of all logs."""
        return self.directory / "logs"

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return self._control_plane.kubeconfig_of("admin")

    @property
    def host_ip(self) -> str:
        """This machine's address as pods, kubelets and the API server see it; a hub listens there."""
        assert self._machine is not None
        return self._machine.host_ip

    @property
    def ip(self) -> str:
        """The nodes' address as this machine sees them."""
        assert self._machine is not None
        return self._machine.ip

    @property
    def url(self) -> str:
        """The API server's."""
        return self._control_plane.url

    @property
    def interface(self) -> str:
        """The name of this machine's interface to the cluster, and of the cluster's control group."""
        assert self._machine is not None
        return self._machine.interface

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def start(self) -> None:
        """Start everything and wait until pods can be made; what was started is stopped where that fails."""
        binaries = built_binaries()
        self.stop()
        for folder in folders.abandoned(self.directory.parent):
            folders.remove(folder)
        self._lock = folders.lock(self.directory)
        if self._lock is None:
            raise TestbedError(f"another process is starting or using {self.directory}")
        try:
            self._start(binaries)
        except BaseException:
            self.stop()
            raise

    def _start(self, binaries: Path) -> None:
        self.logs.mkdir()
        machine = self._machine = Machine(binaries / "pause", log=self.logs / "machine.log")
        machine.start(dies_with_caller=self.dies_with_caller)
        folders.write_state(self.directory, first_pid=machine.first_pid, name=machine.interface)
        self._control_plane = ControlPlane(
            self.directory / "control-plane", binaries=binaries, machine=machine, nodes=NODES
        )
        self._control_plane.start()
        self.nodes = tuple(
            Node(name, index, directory=self.directory, binaries=binaries, machine=machine)
            for index, name in enumerate(NODES)
        )
        for node in self.nodes:
            node.start_runtime(self.repositories.resolve())
        self._control_plane.wait_until_ready()
        self._control_plane.start_clients()
        for node in self.nodes:
            user = f"system:node:{node.name}"
            node.start_kubelet(self._control_plane.kubeconfig_of(user), path=self.mount_helpers)
        self._start_driver(binaries, machine)
        pause = {"/pause": binaries / "pause"}
        self.import_image(
            write_archive(self.directory / "pause.tar", name=PAUSE_IMAGE, files=pause, command=["/pause"])
        )
        with Api(self.kubeconfig) as api:
            api.wait_for_nodes(NODES)
            api.wait_for_drivers(self.drivers)
            api.wait_for_service_account("default")

    def _start_driver(self, binaries: Path, machine: Machine) -> None:
        self.names = Names(self.directory, machine, log=self.logs / "names.log")
        with Api(self.kubeconfig) as api:
            api.create_basics(machine.dns_ip)
            self.names.start(api)
        provisioner = [f"{binaries}/csi", "provisioner", f"--kubeconfig={self.kubeconfig}"]
        machine.program(provisioner, log=self.logs / "provisioner.log").start()
        for node in self.nodes:
            if node.name in self.drivers:
                node.start_driver()
                node.start_reconciler()

    def stop(self) -> None:
        """Leave nothing: no process, mount, interface, control group or file. Does nothing where nothing is."""
        if self.keep_logs is not None and self.logs.exists():
            shutil.rmtree(self.keep_logs, ignore_errors=True)
            shutil.copytree(self.logs, self.keep_logs)
        if self._machine is not None:
            self._machine.stop()
            self._machine = None
        folders.remove(self.directory)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def import_image(self, archive: Path) -> None:
        """Give an image, in an archive as `docker save` writes it, to every node, at the same time: it may be large."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: node.import_image(archive), self.nodes))

    def start_api_server(self) -> None:
        """Start it and wait until it answers."""
        self._control_plane.start_api_server()

    def stop_api_server(self) -> None:
        """Let it be gone at once, as after a crash."""
        self._control_plane.stop_api_server()

    def restart_api_server(self) -> None:
        self.stop_api_server()
        self.start_api_server()
