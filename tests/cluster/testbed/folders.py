"""The folders of clusters below one, which say of each whether it still runs: what was killed is swept up.

Only a folder and empty control groups can outlive a cluster's first process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tests.cluster.testbed.cgroups import remove_cgroup
from tests.cluster.testbed.programs import wait_until

# On a disk, since containers' files need overlayfs; only root may write there, and the nodes do not hide it.
BASE = Path("/var/cache/eessi-testbed")
# What `make cluster` starts, and `make cluster-down` removes.
DEVELOPER = "developer"
# What the hub on it keeps lies in a temporary directory of this name.
HUB = "eessi-cluster-"


def lock(folder: Path) -> IO[str] | None:
    """Make *folder* and hold it until the file is closed; nothing is returned where another process holds it."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write_state(folder: Path, *, first_pid: int, name: str) -> None:
    """Write down which process all others live below, and the name of interface and control group."""
    known = {"pid": first_pid, "started": _started(first_pid), "name": name}
    (folder / "state.json").write_text(json.dumps(known))


def first_pid(folder: Path) -> int | None:
    """Return the first process of a cluster, if it runs: a process that took over its number is not it."""
    known = state(folder)
    return int(known["pid"]) if known and _started(known["pid"]) == known["started"] else None


def state(folder: Path) -> dict[str, Any]:
    """Return what was written down of a cluster, or nothing."""
    try:
        return dict(json.loads((folder / "state.json").read_text()))
    except (OSError, ValueError):
        return {}


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "never"


def remove(folder: Path) -> None:
    """End what runs there and remove all that is left of it."""
    if pid := first_pid(folder):
        os.kill(pid, signal.SIGKILL)
        wait_until("the cluster ended", lambda: first_pid(folder) is None)
    if known := state(folder):
        name = known["name"]
        remove_cgroup(name)
        wait_until(f"{name} is gone", lambda: not Path("/sys/class/net", name).exists())
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def abandoned(base: Path) -> Iterator[Path]:
    """Yield the folders of clusters that were killed, with what held them."""
    for folder in sorted(base.iterdir()) if base.exists() else []:
        if (folder / "lock").exists() and first_pid(folder) is None and (held := lock(folder)):
            yield folder
            held.close()
