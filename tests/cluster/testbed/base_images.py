"""What the test's images are built upon, where no registry can be reached: Debian's packages."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.testbed.buildah import Buildah

_SUITE = "bookworm"
# No Lmod, no numpy: a pod has these from EESSI or not at all.
_PACKAGES = ("ca-certificates", "passwd", "python3", "python3-venv", "tini", "usr-is-merged")
# Otherwise Perl comes along to merge /usr, which Debian's own images do not have.
_MERGED = "/usr/share/mmdebstrap/hooks/merged-usr"
_NOT_UNPACKED = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")
_BUSYBOX = Path("/bin/busybox")


def debian(buildah: Buildah, cache: Path) -> str:
    """Return the reference of an image of Debian with Python, tini and no more; it is made once (about a minute)."""
    key = hashlib.sha256(repr((_SUITE, _PACKAGES, _MERGED, _NOT_UNPACKED)).encode()).hexdigest()[:12]
    reference = f"localhost/eessi-spawner/debian:{key}"
    if buildah.has(reference):
        return reference
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        archive = Path(directory, "debian.tar")
        excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _NOT_UNPACKED]
        words = ["mmdebstrap", "--quiet", "--variant=apt", f"--hook-dir={_MERGED}"]
        words += [f"--include={','.join(_PACKAGES)}", *excluded]
        subprocess.run([*words, _SUITE, str(archive)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        buildah.make_base(archive, reference)
    return reference


def busybox(buildah: Buildah, cache: Path) -> str:
    """Return the reference of an image that has Debian's static busybox, as a shell and for copying."""
    key = hashlib.sha256(_BUSYBOX.read_bytes()).hexdigest()[:12]
    reference = f"localhost/eessi-spawner/busybox:{key}"
    if buildah.has(reference):
        return reference
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        root = Path(directory, "root")
        (root / "bin").mkdir(parents=True)
        root.chmod(0o755)
        (root / "bin" / "busybox").write_bytes(_BUSYBOX.read_bytes())
        (root / "bin" / "busybox").chmod(0o755)
        for name in ("cp", "sh"):
            (root / "bin" / name).symlink_to("busybox")
        buildah.make_base(root, reference)
    return reference
