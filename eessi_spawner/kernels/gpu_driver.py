"""Links NVIDIA's driver to where EESSI's linker looks, when a server starts on a node with a GPU.

Nothing that is there is changed, so that what an administrator has linked stays, and servers may share the directory.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping

from eessi_spawner.kernels.driver_links import (
    ASKED_FOR,
    DEFAULT_PREFIX,
    DRIVER,
    directory,
    links,
    listed_libraries,
    of_driver,
    trusted_directory,
)
from eessi_spawner.stack.child import ChildHangsError, run_child
from eessi_spawner.stack.releases import Release

_LDCONFIG = ("/sbin/ldconfig", "-p")
_LDCONFIG_SECONDS = 5.0
# For images without ldconfig, or whose list of libraries could not be renewed when the runtime put the driver in:
# Debian's, Red Hat's, GKE's, WSL's and Apptainer's directories.
_DIRECTORIES = (
    "/usr/lib/{machine}-linux-gnu",
    "/usr/lib64",
    "/usr/local/nvidia/lib64",
    "/usr/lib/wsl/lib",
    "/.singularity.d/libs",
)
_KERNEL_MODULE = "/proc/driver/nvidia"


def link_driver(releases: Iterable[str], prefix: str = "") -> str:
    """Link the driver for the linkers of *releases* below *prefix*, and return what came of it for the log.

    Empty where there is no GPU. *prefix* is a directory that is there already: a mount, or the administrator's.
    """
    machine = os.uname().machine
    libraries = find_libraries(machine)
    if not libraries:
        return _without_libraries()
    wanted = links(libraries, machine, releases, prefix or DEFAULT_PREFIX)
    made, problem = _make(wanted, prefix or DEFAULT_PREFIX)
    rest = f"others not ({problem})" if problem else f"{len(wanted) - made} were there"
    places = dict.fromkeys(os.path.dirname(link) for link in wanted)
    missing = [place for place in places if not os.path.exists(f"{place}/{ASKED_FOR}")]
    found = f"GPU software will not find it in {', '.join(missing)}" if missing else f"it is in {', '.join(places)}"
    return f"NVIDIA's driver: {made} links made, {rest}; {found}"


def describe_driver(release: Release, prefix: str = "") -> str:
    """Return what is linked for *release* and where it looks, changing nothing; empty where there is no GPU.

    The stack is looked at: make sure before that it answers.
    """
    machine = os.uname().machine
    libraries = find_libraries(machine)
    if not libraries:
        return _without_libraries()
    place = directory(release.version, machine, prefix or DEFAULT_PREFIX)
    linked = sum(os.path.exists(f"{place}/{name}") for name in libraries)
    text = f"NVIDIA's driver is {libraries[DRIVER]}; {linked} of its {len(libraries)} libraries are linked in {place}"
    looks_in = os.path.realpath(trusted_directory(release, machine))
    return text if looks_in == os.path.realpath(place) else f"{text}, but EESSI {release.version} looks in {looks_in}"


def find_libraries(machine: str) -> dict[str, str]:
    """Return name to path of the driver's libraries in this container; none without a GPU."""
    listed = ""
    with contextlib.suppress(OSError, ChildHangsError):
        listed = run_child(_LDCONFIG, about=_LDCONFIG[0], seconds=_LDCONFIG_SECONDS).stdout
    if found := of_driver(listed_libraries(listed, machine)):
        return found
    for pattern in _DIRECTORIES:
        folder = pattern.format(machine=machine)
        with contextlib.suppress(OSError):
            if found := of_driver({name: f"{folder}/{name}" for name in os.listdir(folder)}):
                return found
    return {}


def _without_libraries() -> str:
    if not os.path.exists(_KERNEL_MODULE):
        return ""
    return f"the node has an NVIDIA GPU, but here is no {DRIVER}: the pod asks for no GPU, or not for NVIDIA's runtime"


def _make(wanted: Mapping[str, str], prefix: str) -> tuple[int, str]:
    """Make the links that are *wanted* and not there; return their number, and why one could not be made, or nothing.

    *prefix* itself is not made: a server that runs as root must not begin a directory of the site's.
    """
    if not os.path.isdir(prefix):
        return 0, f"nothing is mounted at {prefix}"
    made, problem = 0, ""
    for link, target in wanted.items():
        try:
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(target, link)
            made += 1
        except OSError as error:
            # Another server, or an administrator, may have been faster; then it is there.
            if not os.path.lexists(link):
                problem = problem or f"{error.strerror}: {error.filename2 or error.filename}"
    return made, problem
