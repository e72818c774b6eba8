"""How large the user image is, beside images with science inside: `python -m tests.benchmarks.images`.

All are built here, from Debian's and Python's packages, which needs root; the first time takes minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.table import Table
from tests.cluster.testbed.buildah import Buildah
from tests.cluster.testbed.images import (
    JUPYTER,
    REPOSITORY,
    SERVERS,
    Image,
    build_images,
    compressed_size,
    reference,
    upon_jupyter,
)

LIMIT_MEGABYTES = 150
LIMIT_RATIO = 0.35
_SCIPY = "tests/benchmarks/image_peers/scipy.Dockerfile"


def _upon_scipy(buildah: Buildah, cache: Path) -> dict[str, str]:
    dockerfile = REPOSITORY / _SCIPY
    arguments = upon_jupyter(buildah, cache)
    buildah.build(dockerfile, dockerfile.parent, reference("scipy"), arguments=arguments)
    return {"BASE_IMAGE": reference("scipy")}


IMAGES = {
    "user": SERVERS["user"],
    "scipy": Image(_SCIPY, JUPYTER, upon_jupyter, has_package=False),
    "languages": Image(
        "tests/benchmarks/image_peers/languages.Dockerfile", (*JUPYTER, _SCIPY), _upon_scipy, has_package=False
    ),
}
_SHOWN = {"user": "our user image", "scipy": "scipy-notebook's packages", "languages": "these, R and Octave"}


def measure() -> Table:
    """Build the images, and return a table of what a node downloads of each."""
    sizes = {name: compressed_size(archive) / 1e6 for name, archive in build_images(IMAGES).items()}
    table = Table("The size of the user image", ("", "MB", "times ours"))
    for name, size in sizes.items():
        table.rows.append((_SHOWN[name], f"{size:.1f}", f"{size / sizes['user']:.1f}"))
    table.remarks.append("MB: to download, as gzip makes it.")
    table.bound("MB to download", sizes["user"], LIMIT_MEGABYTES)
    table.bound("times the image with scipy-notebook's packages", sizes["user"] / sizes["scipy"], LIMIT_RATIO)
    return table


def main() -> int:
    table = measure()
    sys.stdout.write(f"{table}\n")
    return int(bool(table.broken))


if __name__ == "__main__":
    sys.exit(main())
