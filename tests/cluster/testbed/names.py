"""The cluster's name service: dnsmasq for CoreDNS, which takes minutes to build.

It knows Services by the names that CoreDNS gives them, and nothing else: a name of the outside is refused at once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.cluster.testbed.api import Api
from tests.cluster.testbed.machine import Machine

_DOMAIN = "cluster.local"
_HEADLESS = ("", "None")


class Names:
    """Answers at the machine's address; Services are known after `publish`."""

    def __init__(self, directory: Path, machine: Machine, *, log: Path) -> None:
        self._hosts = directory / "services"
        self._ip = machine.ip
        options = ["--conf-file=/dev/null", "--keep-in-foreground", "--user=root", "--pid-file="]
        options += ["--no-resolv", "--no-hosts", "--no-negcache", f"--local=/{_DOMAIN}/", f"--addn-hosts={self._hosts}"]
        options += ["--bind-interfaces", f"--listen-address={machine.ip}"]
        self._program = machine.program(["dnsmasq", *options], log=log)

    def start(self, api: Api) -> None:
        """Answer, also at the address that pods ask."""
        self._hosts.touch()
        self._program.start()
        ports = [{"name": protocol, "port": 53, "protocol": protocol.upper()} for protocol in ("udp", "tcp")]
        subset = {"addresses": [{"ip": self._ip}], "ports": ports}
        api.core.create_namespaced_endpoints("kube-system", {"metadata": {"name": "kube-dns"}, "subsets": [subset]})

    def publish(self, api: Api) -> None:
        """Take the Services that there are now for all that there are."""
        services = [
            (service.spec.cluster_ip, service.metadata.name, service.metadata.namespace)
            for service in api.core.list_service_for_all_namespaces().items
            if service.spec.cluster_ip not in _HEADLESS
        ]
        lines = [f"{address} {name}.{namespace}.svc.{_DOMAIN}\n" for address, name, namespace in services]
        self._hosts.write_text("".join(lines))
        os.kill(self._program.pid, signal.SIGHUP)
