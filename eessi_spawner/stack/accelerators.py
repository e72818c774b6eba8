"""Accelerators: the GPU directories EESSI builds for, and which of them a GPU can use."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.cpu_targets import CpuTarget

# The shapes that EESSI's detection script takes for an override, without its leading `accel/`.
_ACCELERATOR = re.compile(r"nvidia/cc[0-9]{2,4}|amd/gfx[0-9a-f]{3,5}")

_2023 = ("nvidia/cc70", "nvidia/cc80", "nvidia/cc90")

# EESSI/docs, software_layer/gpu_targets.md, August 2026: builds for AMD's GPUs are announced there, and none is out.
PUBLISHED_ACCELERATORS: dict[str, tuple[str, ...]] = {
    "2023.06": _2023,
    "2025.06": (*_2023, "nvidia/cc100", "nvidia/cc120"),
}
# The same page: all CPU targets but this have them.
_CPUS_WITHOUT_GPU_BUILDS = (CpuTarget("aarch64/a64fx"),)


def parse_accelerator(text: str) -> str:
    """Return *text* as EESSI names a GPU target (`nvidia/cc80`), with or without a leading `accel/`.

    Raises
    ------
    InvalidChoiceError
        If it is shaped like neither `nvidia/cc80` nor `amd/gfx90a`.
    """
    name = text.removeprefix("accel/")
    if len(text) > 100 or not _ACCELERATOR.fullmatch(name):
        raise InvalidChoiceError(
            f"{text[:100]!r} is not an accelerator target.",
            advice="Write it as EESSI names its directories, such as nvidia/cc80 or amd/gfx90a.",
        )
    return name


def accelerator_chain(accelerator: str) -> tuple[str, ...]:
    """Return the GPU targets to look for, best first.

    An NVIDIA GPU of compute capability 8.6 runs what was built for 8.0: where the exact directory is
    missing, EESSI's module sets the last digit to 0. AMD targets have no fallback.
    """
    if not accelerator.startswith("nvidia/"):
        return (accelerator,)
    return tuple(dict.fromkeys((accelerator, accelerator[:-1] + "0")))


def accelerator_build(
    accelerators: Sequence[str], available: Collection[str], cpu_target: CpuTarget | None = None
) -> str:
    """Return the GPU target that EESSI takes for the first of *accelerators* that it has builds for; empty: none.

    Parameters
    ----------
    available
        The GPU targets of the release.
    cpu_target
        Whose builds run beside; None: not known.
    """
    if cpu_target in _CPUS_WITHOUT_GPU_BUILDS:
        return ""
    return next((found for own in accelerators for found in accelerator_chain(own) if found in available), "")


def accelerator_from_compute_capability(text: str) -> str | None:
    """Return the target for a compute capability as `nvidia-smi` prints it (`8.6`), or None."""
    digits = text.strip().replace(".", "")
    return f"nvidia/cc{digits}" if re.fullmatch(r"[0-9]{2,4}", digits) else None
