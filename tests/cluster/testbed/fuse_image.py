"""The image of the way `fuse`, upon a double of CernVM-FS' client, which no registry of packages has: squashfuse."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.cluster.testbed.buildah import Buildah
from tests.cluster.testbed.images import REPOSITORY, content_hash, reference
from tests.cluster.testbed.locks import locked
from tests.cluster.testbed.stack_image import TESTBED_CACHE

_SUITE = "bookworm"
_PACKAGES = ("mount", "squashfuse")
_NOT_UNPACKED = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")
_CLIENT = "tests/cluster/testbed/fuse_client/cvmfs2"
_MAKER = "tests/cluster/testbed/fuse_image.py"
FUSE_IMAGE = reference("fuse")


def build_fuse_image(cache: Path = TESTBED_CACHE) -> Path:
    """Return a docker archive of `FUSE_IMAGE`; the first call takes half a minute."""
    images = cache / "images"
    archive = images / f"fuse-{content_hash(['images/fuse', _CLIENT, _MAKER])}.tar"
    with locked(cache / ".fuse-image.lock"):
        if not archive.exists():
            images.mkdir(parents=True, exist_ok=True)
            buildah = Buildah(cache / "buildah")
            arguments = {"CVMFS_STAGE": _client(buildah, cache)}
            buildah.build(REPOSITORY / "images/fuse/Dockerfile", REPOSITORY, FUSE_IMAGE, arguments=arguments)
            for older in images.glob("fuse-*.tar"):
                older.unlink()
            buildah.save(FUSE_IMAGE, archive)
    return archive


def _client(buildah: Buildah, cache: Path) -> str:
    """Return the reference of an image with as little of Debian as the client needs."""
    stage = f"localhost/eessi-spawner/fuse-client:{content_hash([_CLIENT, _MAKER])}"
    if not buildah.has(stage):
        with tempfile.TemporaryDirectory(dir=cache) as directory:
            archive = Path(directory, "client.tar")
            words = ["mmdebstrap", "--quiet", "--variant=essential", f"--include={','.join(_PACKAGES)}"]
            words += [f"--dpkgopt=path-exclude={pattern}" for pattern in _NOT_UNPACKED]
            words += [f"--customize-hook=copy-in {REPOSITORY / _CLIENT} /usr/local/bin", _SUITE, str(archive)]
            subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
            buildah.make_base(archive, stage)
    return stage
