"""The control groups below which a node's kubelet makes those of its pods."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.cluster.testbed.programs import wait_until

_ROOT = Path("/sys/fs/cgroup")


def hierarchies() -> list[Path]:
    """Return the one hierarchy of cgroup v2, or all of v1 (where v2 may be beside them, without controllers)."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [path for path in _ROOT.iterdir() if path.is_dir() and not path.is_symlink() and path.name != "unified"]


def make_cgroup(name: str) -> None:
    """Make /NAME, or /NAME/CHILD, wherever the kubelet wants it."""
    for hierarchy in hierarchies():
        folder = hierarchy
        for part in Path(name).parts:
            parent, folder = folder, folder / part
            _enable_controllers(parent)
            folder.mkdir(exist_ok=True)
            # A cpuset has no CPU and no memory until it is given some.
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if hierarchy != _ROOT and (parent / setting).exists():
                    (folder / setting).write_text((parent / setting).read_text())


def _enable_controllers(folder: Path) -> None:
    if (folder / "cgroup.subtree_control").exists():
        for controller in (folder / "cgroup.controllers").read_text().split():
            with contextlib.suppress(OSError):
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def remove_cgroup(name: str) -> None:
    """Remove /NAME with all below it, once its last process has gone."""
    folders = [hierarchy / name for hierarchy in hierarchies()]

    def removed() -> bool:
        for folder in folders:
            below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
            for path in [*below, folder]:
                with contextlib.suppress(OSError):
                    path.rmdir()
        return not any(folder.exists() for folder in folders)

    wait_until(f"the control group {name} is gone", removed)
