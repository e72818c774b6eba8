"""Builds a `mount.nfs` for nodes whose kernel has no NFS client, as this project's test machines' kernel has none.

A stand-in is needed there, and only there: the kubelet asks for NFS by `mount -t nfs`, and the kernel would refuse.
The server, its protocol and the kubelet stay the real ones. How it works is said in `mount_nfs_source/mount_nfs.c`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.cluster.testbed.locks import locked
from tests.cluster.testbed.stack_image import TESTBED_CACHE

_SOURCE = Path(__file__).with_name("mount_nfs_source")


def build_mount_nfs(cache: Path = TESTBED_CACHE) -> Path:
    """Return a directory to go first on a node's PATH: with `mount`, `mount.nfs` and `mount.nfs4`."""
    files = sorted(_SOURCE.iterdir())
    key = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
    directory = cache / "mount-nfs" / key
    with locked(directory.parent / ".lock"):
        if not directory.exists():
            draft = directory.with_name("draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            _compile(_SOURCE / "mount_nfs.c", draft / "mount.nfs")
            (draft / "mount.nfs4").symlink_to("mount.nfs")
            shutil.copy2(_SOURCE / "mount", draft / "mount")
            draft.rename(directory)
    return directory


def _compile(source: Path, program: Path) -> None:
    answer = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "fuse3", "libnfs"], check=True, capture_output=True, text=True
    )
    options = ["-O2", "-Wall", "-D_FILE_OFFSET_BITS=64", "-D_GNU_SOURCE", "-pthread"]
    subprocess.run(["cc", *options, "-o", str(program), str(source), *answer.stdout.split()], check=True)
