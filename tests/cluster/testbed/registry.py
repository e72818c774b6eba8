"""A registry that the nodes pull images from: Debian's docker-registry, which skopeo fills."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import final

from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.programs import Program, wait_until

_PORT = 5000
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {directory}}}}}
http: {{addr: ":{port}"}}
"""


@final
class Registry:
    """Runs where the nodes are, and keeps images in a directory."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._address = f"{cluster.ip}:{_PORT}"
        self._config = directory / "config.yml"
        self._config.write_text(_CONFIG.format(directory=directory / "images", port=_PORT))
        words = ["docker-registry", "serve", self._config]
        self._program = Program(words, log=cluster.logs / "registry.log", enter=cluster.nodes[0].enter)

    def __enter__(self) -> Registry:
        self._program.start()
        wait_until("the registry answers", lambda: self._program.must_run() and self._answers())
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stop()

    def push(self, archive: Path, name: str) -> int:
        """Take the image of a docker archive, its layers made small by gzip; return how many bytes a pull downloads."""
        source, target = f"docker-archive:{archive}", f"docker://{self._address}/{name}:test"
        subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", source, target], check=True)
        manifest = json.loads(self._read(f"{name}/manifests/test"))
        return sum(part["size"] for part in (manifest["config"], *manifest["layers"]))

    def reference(self, name: str) -> str:
        """Return how a pod names the image: containerd asks this address, and no other, without TLS."""
        return f"127.0.0.1:{_PORT}/{name}:test"

    def _answers(self) -> bool:
        try:
            return self._read("") is not None
        except OSError:
            return False

    def _read(self, path: str) -> bytes:
        request = urllib.request.Request(f"http://{self._address}/v2/{path}", headers={"Accept": _MANIFEST})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            content: bytes = answer.read()
            return content
