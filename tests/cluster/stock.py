"""Stocks a cluster: EESSI's sample in its /cvmfs, and our images on its nodes."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.testbed.cluster import Cluster
from tests.cluster.testbed.images import build_images
from tests.cluster.testbed.stack_image import build_stack_images


def stock(cluster: Cluster, repositories: Path) -> None:
    """Make what is missing, which takes minutes the first time; *repositories* is the folder that the nodes show."""
    for image in build_stack_images().glob("*.sqsh"):
        link = repositories / image.name
        if not link.exists():
            link.symlink_to(image)
    for archive in build_images().values():
        cluster.import_image(archive)
