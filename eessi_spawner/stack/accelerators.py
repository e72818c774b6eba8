"""Accelerators: the GPU directories EESSI builds for, and which of them a GPU can use."""

from __future__ import annotations

import re

from eessi_spawner.errors import InvalidChoiceError

# The shapes that EESSI's detection script takes for an override, without its leading `accel/`.
_ACCELERATOR = re.compile(r"nvidia/cc[0-9]{2,4}|amd/gfx[0-9a-f]{3,5}")


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


def accelerator_from_compute_capability(text: str) -> str | None:
    """Return the target for a compute capability as `nvidia-smi` prints it (`8.6`), or None."""
    digits = text.strip().replace(".", "")
    return f"nvidia/cc{digits}" if re.fullmatch(r"[0-9]{2,4}", digits) else None
