"""Which libraries of NVIDIA's driver EESSI needs, and where it looks for them. Pure.

In a container NVIDIA's runtime puts them where the image's own linker looks, such as /usr/lib/x86_64-linux-gnu. The
linker of EESSI's compatibility layer does not look there, but in directories of the site's, where links do. Names
and directories are those of EESSI's `scripts/gpu_support/nvidia/link_nvidia_host_libraries.sh`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from eessi_spawner.stack.releases import Release

# What `host_injections` leads to, unless the nodes' CernVM-FS clients say otherwise.
DEFAULT_PREFIX = "/opt/eessi"
DRIVER = "libcuda.so.1"
# The name that EESSI asks for before it loads a module for GPUs (`SitePackage.lua`), and that ldconfig may not list.
ASKED_FOR = "libcuda.so"

# Computing and video; OpenGL and its relatives, with the parts that all vendors share; Tegra boards.
_STEMS = frozenset(
    f"lib{name}"
    for name in (
        "cuda cudadebugger nvcucompat nvcudla nvcuextend nvcuvid nvoptix OpenCL vdpau_nvidia"
        " GL GLX GLdispatch GLESv1_CM GLESv2 EGL OpenGL glx"
        " GLX_nvidia GLESv1_CM_nvidia GLESv2_nvidia EGL_nvidia EGL_installertest GLX_installertest"
        " nvos nvosd nvrm_chip nvrm_gpu nvrm_host1x nvrm_mem nvrm_stream nvrm_surface nvrm_sync"
        " nvsciipc nvsocsys nvtegrahv"
    ).split()
) | frozenset(
    f"libnvidia-{name}"
    for name in (
        "ml nvvm ptxjitcompiler compiler fatbinaryloader opencl gpucomp rtcore encode opticalflow fbc ifr"
        " cbl cfg eglcore egl-wayland glcore glsi glvkspirv gtk2 gtk3 tls wfb rmapi-tegra"
    ).split()
)
_LISTED = re.compile(r"^\s*(\S+) \(([^)]*)\) => (/.*)$", re.MULTILINE)
# How ldconfig marks libraries for the machine types that NVIDIA has drivers for; others may be there beside them.
_MARKS = {"x86_64": "x86-64", "aarch64": "AArch64"}


def listed_libraries(text: str, machine: str) -> dict[str, str]:
    """Return name to path of the libraries for *machine* that `ldconfig -p` printed as *text*; the first one counts."""
    mark = _MARKS.get(machine)
    found: dict[str, str] = {}
    for name, kind, path in _LISTED.findall(text):
        if mark in kind.split(","):
            found.setdefault(name, path)
    return found


def of_driver(libraries: Mapping[str, str]) -> dict[str, str]:
    """Return those of *libraries*, name to path, that belong to the driver; none unless its first one is there."""
    if DRIVER not in libraries:
        return {}
    found = {name: path for name, path in libraries.items() if name.partition(".so")[0] in _STEMS and ".so" in name}
    return {ASKED_FOR: found[DRIVER], **found}


def directory(release: str, machine: str, prefix: str = DEFAULT_PREFIX) -> str:
    """Return where the linker of *release* looks for the driver, if the nodes' clients lead it to *prefix*.

    For 2023.06 it is built in; from 2025.06 on it is what EESSI_NVIDIA_OVERRIDE_DEFAULT of the client says, and nothing
    (/dev/null) where that is not set.
    """
    return f"{prefix}/{release}/compat/linux/{machine}/lib" if release < "2025" else f"{prefix}/nvidia"


def trusted_directory(release: Release, machine: str) -> str:
    """Return the place in the stack that leads to that directory by links (EESSI's module asks there, too)."""
    if release.version < "2025":
        return f"{release.root}/host_injections/{release.version}/compat/linux/{machine}/lib"
    return f"{release.prefix}/compat/linux/{machine}/lib/nvidia"


def links(
    libraries: Mapping[str, str], machine: str, releases: Iterable[str], prefix: str = DEFAULT_PREFIX
) -> dict[str, str]:
    """Return link to target, for *libraries* of the driver (name to path) and the linkers of *releases*."""
    places = dict.fromkeys(directory(release, machine, prefix) for release in releases)
    return {f"{place}/{name}": path for place in places for name, path in sorted(libraries.items())}
