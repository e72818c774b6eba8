"""etcd, the API server, the controllers and the scheduler; and who may speak to them."""

from __future__ import annotations

import json
import secrets
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from tests.cluster.testbed.machine import Machine
from tests.cluster.testbed.programs import Program, wait_until

_PORT = 6443
_USERS = {
    "admin": "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
    "system:kube-proxy": "",
}


class ControlPlane:
    """Keeps its state in *directory*."""

    def __init__(self, directory: Path, *, binaries: Path, machine: Machine, nodes: Iterable[str]) -> None:
        self.directory = directory
        self._kube = binaries / "kube"
        self._machine = machine
        self._tokens = {user: secrets.token_hex() for user in [*_USERS, *(f"system:node:{node}" for node in nodes)]}

    @property
    def url(self) -> str:
        return f"https://{self._machine.ip}:{_PORT}"

    def start(self) -> None:
        """Start all but what needs an API server that answers: call `start_clients` then."""
        self._write_secrets()
        self.etcd = self._program(
            "etcd", f"--data-dir={self.directory / 'etcd'}", "--unsafe-no-fsync", "--logger=zap", "--log-level=warn"
        )
        self.api_server = self._program("kube-apiserver", *self._api_server_options())
        self.etcd.start()
        self.api_server.start()

    def start_clients(self) -> None:
        """Start the controllers, the scheduler and the proxy of the services."""
        controller_manager = self._program(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig_of('system:kube-controller-manager')}",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={self._key}",
            f"--root-ca-file={self._certificate}",
            "--leader-elect=false",
            # A claim made just before its volume is bound at the next look, else 15 s later.
            "--pvclaimbinder-sync-period=1s",
        )
        scheduler = self._program(
            "kube-scheduler", f"--kubeconfig={self.kubeconfig_of('system:kube-scheduler')}", "--leader-elect=false"
        )
        # One serves all nodes: they share the network namespace whose packet filter it fills.
        proxy = self._program(
            "kube-proxy",
            f"--kubeconfig={self.kubeconfig_of('system:kube-proxy')}",
            "--proxy-mode=iptables",
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
            "--oom-score-adj=0",
        )
        for program in (controller_manager, scheduler, proxy):
            program.start()

    def start_api_server(self) -> None:
        self.api_server.start()
        self.wait_until_ready()

    def stop_api_server(self) -> None:
        """Let it be gone at once, as after a crash: a gentle end would wait for everybody's watches."""
        self.api_server.stop(signal.SIGKILL)

    def wait_until_ready(self) -> None:
        wait_until("the API server is ready", lambda: self.api_server.must_run() and self._answers())

    def kubeconfig_of(self, user: str) -> Path:
        """Write what *user* needs to speak to the API server; JSON is YAML."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "testbed", "cluster": {"server": self.url, "certificate-authority": str(self._certificate)}}
            ],
            "users": [{"name": user, "user": {"token": self._tokens[user]}}],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
            "current-context": "testbed",
        }
        path = self.directory / f"{user.replace(':', '-')}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=1))
        return path

    @property
    def _certificate(self) -> Path:
        return self.directory / "certificates/apiserver.crt"

    @property
    def _key(self) -> Path:
        return self.directory / "service-accounts.key"

    def _program(self, name: str, *options: str) -> Program:
        log = self.directory.parent / "logs" / f"{name}.log"
        return self._machine.program([self._kube, name, *options], log=log)

    def _write_secrets(self) -> None:
        self.directory.mkdir(parents=True)
        subprocess.run(["openssl", "genrsa", "-out", self._key, "2048"], check=True, capture_output=True)
        groups = _USERS | {user: "system:nodes" for user in self._tokens if user.startswith("system:node:")}
        tokens = self.directory / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text("".join(f'{token},{user},{user},"{groups[user]}"\n' for user, token in self._tokens.items()))

    def _api_server_options(self) -> list[str]:
        return [
            "--etcd-servers=http://127.0.0.1:2379",
            # It makes its own certificate there, and finds it again after a restart.
            f"--cert-dir={self._certificate.parent}",
            f"--advertise-address={self._machine.ip}",
            f"--secure-port={_PORT}",
            f"--token-auth-file={self.directory / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={self._key}",
            f"--service-account-key-file={self._key}",
            f"--service-cluster-ip-range={self._machine.services}",
            "--allow-privileged=true",
            # Nobody resolves the nodes' names.
            "--kubelet-preferred-address-types=InternalIP",
        ]

    def _answers(self) -> bool:
        request = urllib.request.Request(  # noqa: S310  (the API server that was just started)
            f"{self.url}/readyz", headers={"Authorization": f"Bearer {self._tokens['admin']}"}
        )
        try:
            trusted = ssl.create_default_context(cafile=self._certificate)
            with urllib.request.urlopen(request, timeout=2, context=trusted) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False
