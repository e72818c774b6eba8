"""Builds the images that the test cluster runs, from the Dockerfiles in `images/`, and keeps them in a cache.

Run by itself (`python -m tests.cluster.testbed.images`) it builds them and says how large they are.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.testbed import base_images
from tests.cluster.testbed.buildah import Buildah
from tests.cluster.testbed.locks import locked
from tests.cluster.testbed.stack_image import TESTBED_CACHE

REPOSITORY = Path(__file__).parents[3]
PACKAGE = ("eessi_spawner", "pyproject.toml", "README.md", "LICENSE")
_HUB_BASE = "tests/cluster/testbed/hub_base/Dockerfile"
_KEPT = 2


# What an image is built upon, as arguments of its Dockerfile.
Bases = Callable[[Buildah, Path], dict[str, str]]


@dataclass(frozen=True)
class Image:
    """An image: its Dockerfile, what else goes into it, what it is built upon, and whether our package goes in."""

    dockerfile: str
    files: tuple[str, ...]
    bases: Bases = field(repr=False)
    has_package: bool = True
    makers: tuple[str, ...] = field(default=("images", "base_images", "buildah"), repr=False)

    def key(self) -> str:
        """Return a hash of all that decides what it holds."""
        names = [self.dockerfile, *self.files, *(PACKAGE if self.has_package else ())]
        names += [f"tests/cluster/testbed/{maker}.py" for maker in self.makers]
        return content_hash(names)


def _upon_debian(buildah: Buildah, cache: Path) -> dict[str, str]:
    return {"BASE_IMAGE": base_images.debian(buildah, cache)}


def _kernels_bases(buildah: Buildah, cache: Path) -> dict[str, str]:
    return {"BUILD_IMAGE": base_images.debian(buildah, cache), "BASE_IMAGE": base_images.busybox(buildah, cache)}


def upon_jupyter(buildah: Buildah, cache: Path) -> dict[str, str]:
    """Build upon the first stage of the user image, which knows nothing of EESSI."""
    reference = "localhost/eessi-spawner/jupyter:test"
    dockerfile = REPOSITORY / "images/user/Dockerfile"
    buildah.build(dockerfile, REPOSITORY, reference, arguments=_upon_debian(buildah, cache), stage="jupyter")
    return {"JUPYTER_IMAGE": reference}


def _upon_a_hub(buildah: Buildah, cache: Path) -> dict[str, str]:
    reference = "localhost/eessi-spawner/k8s-hub:test"
    dockerfile = REPOSITORY / _HUB_BASE
    buildah.build(dockerfile, dockerfile.parent, reference, arguments=_upon_debian(buildah, cache))
    return {"BASE_IMAGE": reference}


JUPYTER = ("images/user/Dockerfile", "images/user/requirements.txt")
# What users' servers need.
SERVERS = {
    # A user's server, with our package.
    "user": Image("images/user/Dockerfile", ("images/user/requirements.txt",), _upon_debian),
    # Brings our package to another image.
    "kernels": Image(
        "images/kernels/Dockerfile",
        ("images/kernels/copy-to", "images/kernels/jupyter_server_config.py"),
        _kernels_bases,
    ),
    # A Jupyter image without our package.
    "plain": Image("tests/cluster/testbed/plain/Dockerfile", JUPYTER, upon_jupyter, has_package=False),
}
# What runs beside them.
HUBS = {
    "hub": Image("images/hub/Dockerfile", (_HUB_BASE,), _upon_a_hub),
    "service": Image("images/service/Dockerfile", ("images/service/requirements.txt",), _upon_debian),
    # JupyterHub's own proxy.
    "proxy": Image("tests/cluster/testbed/proxy/Dockerfile", ("tools/install-proxy",), _upon_debian, has_package=False),
}


def reference(name: str) -> str:
    """Return how pods name the image *name*."""
    return f"localhost/eessi-spawner/{name}:test"


def build_images(images: Mapping[str, Image] = SERVERS, cache: Path = TESTBED_CACHE) -> dict[str, Path]:
    """Return a docker archive for each image, by name; the first call takes minutes, a later one nothing.

    Each archive says `reference(name)` of itself.
    """
    archives = {name: cache / "images" / f"{name}-{image.key()}.tar" for name, image in images.items()}
    if not all(archive.exists() for archive in archives.values()):
        with locked(cache / ".images.lock"):
            for name, archive in archives.items():
                if not archive.exists():
                    _build(name, images[name], archive, cache)
                    _remove_older(name, archive.parent)
    return archives


def _build(name: str, image: Image, archive: Path, cache: Path) -> None:
    buildah = Buildah(cache / "buildah")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        context = Path(directory)
        for file in (image.dockerfile, *image.files):
            (context / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / file, context / file)
        if image.has_package:
            build_wheel(context / "dist")
        arguments = image.bases(buildah, cache) | {"REVISION": image.key()}
        buildah.build(context / image.dockerfile, context, reference(name), arguments=arguments)
    buildah.save(reference(name), archive)


def build_wheel(directory: Path) -> Path:
    """Build our package's wheel in *directory*, as `make wheel` does."""
    words = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(directory), str(REPOSITORY)]
    subprocess.run([sys.executable, *words], check=True)
    return next(directory.glob("eessi_spawner-*.whl"))


def content_hash(names: list[str]) -> str:
    """Return a short hash of the files and folders *names* of the repository."""
    content = hashlib.sha256()
    for name in names:
        path = REPOSITORY / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                data = file.read_bytes()
                content.update(f"{file.relative_to(REPOSITORY)}\0{file.stat().st_mode & 0o111}\0{len(data)}\0".encode())
                content.update(data)
    return content.hexdigest()[:12]


def compressed_size(archive: Path) -> int:
    """Return about how much of *archive* goes over a network, in bytes: registries have layers as gzip makes them."""
    packer = zlib.compressobj()
    size = 0
    with archive.open("rb") as file:
        while block := file.read(1 << 20):
            size += len(packer.compress(block))
    return size + len(packer.flush())


def _remove_older(name: str, directory: Path) -> None:
    archives = sorted(directory.glob(f"{name}-*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for archive in archives[_KEPT:]:
        archive.unlink()


def main() -> None:
    """Build the images and say how large they are."""
    for name, archive in build_images(SERVERS | HUBS).items():
        size, compressed = archive.stat().st_size / 1e6, compressed_size(archive) / 1e6
        sys.stdout.write(f"{reference(name)}: {compressed:.1f} MB compressed, {size:.1f} MB unpacked, {archive}\n")


if __name__ == "__main__":
    main()
