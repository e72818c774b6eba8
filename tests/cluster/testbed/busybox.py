"""An image with a shell and little else, for pods that are about something else."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.testbed.archive import write_archive

BUSYBOX = "localhost/testbed/busybox:1"
_APPLETS = "cat echo head httpd ls mkdir sh sleep tail touch wget"


def busybox_archive(directory: Path) -> Path:
    """Write the image, which is called `BUSYBOX`, as an archive to *directory*."""
    links = {f"/bin/{applet}": "busybox" for applet in _APPLETS.split()}
    files = {"/bin/busybox": Path("/bin/busybox")}
    return write_archive(directory / "busybox.tar", name=BUSYBOX, files=files, links=links, command=["/bin/sh"])
