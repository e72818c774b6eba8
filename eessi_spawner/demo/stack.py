"""Finds the stack to demonstrate: the mounted EESSI, else a sample that is built once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from eessi_spawner.demo.sample.build import ensure_sample_stack
from eessi_spawner.demo.sample.progress import make_terminal_progress
from eessi_spawner.errors import MountError
from eessi_spawner.stack.host import Host
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.releases import DEFAULT_ROOT, PUBLISHED_TARGETS, best_published_target


def cache_directory() -> Path:
    """Return where what takes long to make is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eessi-spawner"


def find_stack(root: str | None, host: Host) -> str:
    """Return the root of the stack to use, and print which it is and why.

    Raises
    ------
    MountError
        If *root* was asked for and cannot be read.
    SetUpError
        If the sample cannot be built.
    """
    try:
        reading = ask_stack(root or DEFAULT_ROOT, host.chain, {})
        if reading.releases:
            print(f"Using EESSI at {reading.root}: {', '.join(release.version for release in reading.releases)}")
            return reading.root
        print(f"{reading.root} has no builds for {host.target}.")
    except MountError as error:
        if root is not None:
            raise
        print(error.message)
    print("Using a sample stack instead: EESSI's layout and module files, with this machine's Python in them.")
    return str(sample_stack(host))


def sample_stack(host: Host) -> Path:
    """Return the root of the sample stack for *host*, building it if need be.

    Raises
    ------
    SetUpError
        If it cannot be built.
    """
    targets = {version: best_published_target(version, host.chain).path for version in PUBLISHED_TARGETS}
    return ensure_sample_stack(cache_directory(), cpu_targets=targets, progress=make_terminal_progress(sys.stderr))
