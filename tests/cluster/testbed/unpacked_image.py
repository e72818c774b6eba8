"""Runs an image of the test bed without a cluster: unpacked, in namespaces, as any user, with a read-only root.

A stand-in for a container runtime, so that an image is tested in seconds, without waiting for a cluster. What only a
runtime does (seccomp, cgroups, a network of its own) is tested in the cluster.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
# Arguments: the root, its layers, the home, the folder of images of repositories, the number of volumes, for each of
# them SOURCE TARGET OPTIONS, and the command.
_SET_UP = """
root=$1 layers=$2 home=$3 repositories=$4 volumes=$5
shift 5
# Without a layer on top that could be written to, it is read-only.
mount -t overlay -o "lowerdir=$layers" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for folder in /tmp "$home" /cvmfs; do mount -t tmpfs -o mode=1777 tmpfs "$root$folder"; done
for image in "$repositories"/*.sqsh; do
  [ -e "$image" ] || continue
  target=$root/cvmfs/$(basename "$image" .sqsh)
  mkdir "$target"
  squashfuse -o allow_other "$image" "$target"
done
while [ "$volumes" -gt 0 ]; do
  mount --bind "$1" "$root$2"
  mount -o "remount,bind,$3" "$root$2"
  shift 3
  volumes=$((volumes - 1))
done
# The shell stays: it ends with whoever has started it, and takes all in here with it. What changes its user would not.
setpriv --no-new-privs "$@"
exit $?
"""


@dataclass(frozen=True)
class Volume:
    """A directory of this machine, seen by a container as `target`."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class UnpackedImage:
    """An image's layers, the topmost first, and what it says of how to be run; `root` is where they are mounted.

    The topmost layer is no part of the image: in it are the folders that volumes are mounted at.
    """

    root: Path
    layers: tuple[Path, ...]
    config: Mapping[str, Any] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        return dict(entry.split("=", 1) for entry in self.config.get("Env") or [])

    @property
    def command(self) -> list[str]:
        """What it runs when nothing else is asked for."""
        return [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]

    def words(
        self,
        command: list[str],
        *,
        user: str,
        environment: Mapping[str, str] | None = None,
        repositories: Path | None = None,
        volumes: tuple[Volume, ...] = (),
    ) -> list[str]:
        """Return what runs *command* in it, as *user* (`UID:GID`), with *repositories* mounted at /cvmfs.

        Its variables are added to those that it is started with.
        """
        home = self.environment.get("HOME", "/tmp")  # noqa: S108
        mounted: list[str] = []
        for volume in volumes:
            mounted += [str(volume.source), volume.target, "ro" if volume.read_only else "rw"]
        for folder in (home, "/cvmfs", "/proc", "/dev", "/tmp", *(volume.target for volume in volumes)):  # noqa: S108
            (self.layers[0] / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        # What runtimes say of the home of a user that the image does not know.
        given = {"HOME": "/"} | self.environment | dict(environment or {})
        variables = [f"{name}={value}" for name, value in given.items()]
        enter = ["chroot", f"--userspec={user}", "--groups=", str(self.root)]
        inside = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', self.config.get("WorkingDir") or "/", *command]
        layers = ":".join(map(str, self.layers))
        set_up = [str(self.root), layers, home, str(repositories or "/nowhere"), str(len(volumes)), *mounted]
        return [*_NAMESPACES, "sh", "-euc", _SET_UP, "sh", *set_up, "env", *variables, *enter, *inside]


def unpack(archive: Path, name: str, directory: Path) -> UnpackedImage:
    """Unpack the docker archive *archive* into *directory*; a layer that images share is unpacked once."""
    root, points = directory / name / "root", directory / name / "points"
    for folder in (root, points):
        folder.mkdir(parents=True)
    [image] = json.loads(_read(archive, "manifest.json"))
    config = json.loads(_read(archive, image["Config"]))
    layers = [points]
    for digest, file in zip(config["rootfs"]["diff_ids"], image["Layers"], strict=True):
        layer = directory / digest.partition(":")[2][:12]
        if not layer.exists():
            layer.mkdir()
            _unpack_layer(archive, file, layer)
        layers.insert(1, layer)
    return UnpackedImage(root, tuple(layers), config["config"])


def _read(archive: Path, file: str) -> bytes:
    return subprocess.run(["tar", "-xOf", archive, file], check=True, capture_output=True).stdout


def _unpack_layer(archive: Path, file: str, layer: Path) -> None:
    with subprocess.Popen(["tar", "-xOf", archive, file], stdout=subprocess.PIPE) as source:
        subprocess.run(["tar", "-x", "-C", layer], check=True, stdin=source.stdout)
    # How an archive says that a file of a layer below is gone; overlays say it otherwise.
    removed = [str(mark) for mark in layer.rglob(".wh.*")]
    if removed:
        raise NotImplementedError(f"layers that remove what is below them: {removed[:5]}")
