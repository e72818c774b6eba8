"""The Go programs of the cluster, built once for their sources and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.testbed.locks import locked

SOURCES = Path(__file__).parents[1] / "kube"

_VERSION = "v1.34.4"
# A program that does not say its version is refused by the others.
_LINKER_FLAGS = " ".join(
    [
        "-s -w",
        *(
            f"-X k8s.io/{package}.gitVersion={_VERSION}"
            for package in ("component-base/version", "client-go/pkg/version")
        ),
        "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34",
    ]
)


def built_binaries() -> Path:
    """Return the folder that has kube, csi and pause; the first build takes minutes."""
    sources = [path for path in sorted(SOURCES.rglob("*")) if path.suffix in {".go", ".mod", ".sum"}]
    stamp = hashlib.sha256(_LINKER_FLAGS.encode())
    for source in sources:
        stamp.update(f"{source.relative_to(SOURCES)} {source.stat().st_size}\n".encode() + source.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eessi-spawner" / "testbed"
    binaries = cache / stamp.hexdigest()[:16]
    with locked(cache / "lock"):
        if not binaries.exists():
            _build(binaries.with_suffix(".part"))
            binaries.with_suffix(".part").rename(binaries)
    return binaries


def kubectl_command() -> list[str]:
    """Return the command line of our kubectl, or of the machine's own where ours cannot be built."""
    return [f"{built_binaries()}/kube", "kubectl"] if shutil.which("go") else ["kubectl"]


def _build(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        ["go", "build", f"-ldflags={_LINKER_FLAGS}", "-o", f"{folder}/", "./..."],
        cwd=SOURCES,
        # Static: the pause program is all there is in its image.
        env=os.environ | {"CGO_ENABLED": "0"},
        check=True,
    )
