"""Runs buildah, with a storage of its own and with what it may do in a virtual machine without user namespaces."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BUILD_SECONDS = 900
# Behind a proxy with a certificate of its own, an image's pip and apt must know what this machine knows.
_CERTIFICATES = "/etc/ssl/certs"


@dataclass(frozen=True)
class Buildah:
    """Images in `storage`; layers that have not changed are not built again."""

    storage: Path

    def has(self, reference: str) -> bool:
        """Tell whether there is an image *reference*."""
        return self._run("inspect", "--type", "image", reference, check=False).returncode == 0

    def make_base(self, content: Path, reference: str) -> None:
        """Make the image *reference* of the archive or directory *content* alone."""
        container = self._run("from", "scratch").stdout.strip()
        self._run("add", "--quiet", container, str(content), "/")
        self._run("commit", "--quiet", container, reference)
        self._run("rm", container)

    def build(
        self, dockerfile: Path, context: Path, reference: str, *, arguments: Mapping[str, str], stage: str = ""
    ) -> None:
        """Build *dockerfile*, or its stage *stage*, as the image *reference*."""
        words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        words += ["--target", stage] if stage else []
        words += ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro", "--network", "host"]
        self._run("build", "--layers", *words, "--file", str(dockerfile), "--tag", reference, str(context))

    def save(self, reference: str, archive: Path) -> None:
        """Write the image *reference* to a docker archive, whole or not at all."""
        draft = archive.with_name(f"{archive.name}.draft")
        draft.unlink(missing_ok=True)
        self._run("push", "--quiet", reference, f"docker-archive:{draft}:{reference}")
        draft.replace(archive)

    def _run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        options = [f"--root={self.storage / 'root'}", f"--runroot={self.storage / 'run'}", "--storage-driver=overlay"]
        answer = subprocess.run(
            ["buildah", *options, *words],
            # Every other isolation asks for limits that no virtual machine here may set.
            env=os.environ | {"BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_SECONDS,
        )
        if check and answer.returncode != 0:
            raise RuntimeError(f"buildah {' '.join(words)}:\n{answer.stdout[-4000:]}\n{answer.stderr[-8000:]}")
        return answer
