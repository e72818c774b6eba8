"""What the whole cluster lives in: a network of its own, joined to the host's by one cable, and one first process.

The host's side has one interface and one route, which vanish with the network namespace.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.testbed.programs import Program, TestbedError, children, wait_until

# Second bytes of 10.N.0.0/16, one for each cluster that runs at a time.
_NUMBERS = range(211, 250)


class Machine:
    """A network namespace and a process namespace; *number* says the former's addresses and all names on the host."""

    def __init__(self, pause: Path, *, log: Path) -> None:
        self._pause = pause
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._programs: list[Program] = []
        self.number = 0

    @property
    def interface(self) -> str:
        return f"eessi{self.number}"

    @property
    def host_ip(self) -> str:
        """Where the cluster reaches this machine."""
        return f"10.{self.number}.0.1"

    @property
    def ip(self) -> str:
        """Where this machine reaches the cluster's API and its nodes."""
        return f"10.{self.number}.0.2"

    @property
    def services(self) -> str:
        return f"10.{self.number}.96.0/20"

    @property
    def dns_ip(self) -> str:
        return f"10.{self.number}.96.10"

    def pods_of_node(self, index: int) -> str:
        return f"10.{self.number}.{index + 1}.0/24"

    @property
    def first_pid(self) -> int:
        assert self._process is not None
        return children(self._process.pid)[0]

    @property
    def enter(self) -> list[str]:
        """The command that runs another one in here."""
        return ["nsenter", "--target", str(self.first_pid), "--net", "--pid", "--mount", "--"]

    def program(self, argv: Sequence[str | Path], *, log: Path, enter: Sequence[str] | None = None) -> Program:
        """Return a program that is not started yet, and runs in here or where *enter* leads."""
        self._programs.append(Program(argv, log=log, enter=enter or self.enter))
        return self._programs[-1]

    def start(self, *, dies_with_caller: bool) -> None:
        """Make the namespaces and the cable; with the calling *thread* dies all, or not before `stop`."""
        leash = ["setpriv", "--pdeathsig", "KILL"] if dies_with_caller else []
        namespaces = ["--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child=SIGKILL"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*leash, "unshare", *namespaces, "--", str(self._pause)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self._process
        wait_until("the cluster's first process", lambda: process.poll() is not None or children(process.pid))
        wait_until("pause runs", lambda: Path(f"/proc/{self.first_pid}/comm").read_text().strip() == self._pause.name)
        self._connect()

    def _connect(self) -> None:
        taken = subprocess.run(
            ["ip", "-4", "route", "show", "table", "all"], check=True, capture_output=True, text=True
        )
        for self.number in _NUMBERS:
            if f" 10.{self.number}." in f" {taken.stdout}":
                continue
            cable = ["ip", "link", "add", self.interface, "type", "veth", "peer", "eth0", "netns", str(self.first_pid)]
            if subprocess.run(cable, check=False, capture_output=True).returncode == 0:
                break
        else:
            raise TestbedError("no network 10.N.0.0/16 with N from 211 to 249 is free on this machine")
        for command in (
            f"ip address add {self.host_ip}/30 dev {self.interface}",
            f"ip link set {self.interface} up",
            f"ip route add 10.{self.number}.0.0/16 via {self.ip}",
        ):
            subprocess.run(command.split(), check=True)
        for command in (
            "ip link set lo up",
            f"ip address add {self.ip}/30 dev eth0",
            "ip link set eth0 up",
            f"ip route add default via {self.host_ip}",
            "sysctl -q -w net.ipv4.ip_forward=1",
        ):
            subprocess.run([*self.enter, *command.split()], check=True)

    def stop(self) -> None:
        """End all that runs in here; what it mounted and routed goes with it."""
        if self._process is not None:
            for first in children(self._process.pid):
                os.kill(first, signal.SIGKILL)
            self._process.wait()
            for program in self._programs:
                program.stop()
