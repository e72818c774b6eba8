"""Reads what this machine is: the CPU targets it runs and the accelerator it has."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.stack.accelerators import accelerator_from_compute_capability
from eessi_spawner.stack.child import ChildHangsError, run_child
from eessi_spawner.stack.cpu_targets import CpuTarget, detect_chain

CPUINFO = Path("/proc/cpuinfo")
_NVIDIA_SMI_SECONDS = 10


@dataclass(frozen=True)
class Host:
    """A machine: `chain` are the CPU targets it runs, best first; `accelerator` is its GPU target, or empty."""

    chain: tuple[CpuTarget, ...]
    accelerator: str = ""

    @property
    def target(self) -> CpuTarget:
        """The best CPU target."""
        return self.chain[0]


def read_host() -> Host:
    """Detect this machine's CPU and accelerator."""
    return Host(read_chain(CPUINFO, os.uname().machine), read_accelerator())


def read_chain(cpuinfo: Path, machine: str) -> tuple[CpuTarget, ...]:
    """Detect the CPU that the file *cpuinfo* describes.

    Raises
    ------
    OSError
        If the file cannot be read.
    InvalidChoiceError
        If EESSI builds for no machine type *machine*.
    """
    return detect_chain(cpuinfo.read_text(encoding="utf-8", errors="replace"), machine)


def read_accelerator() -> str:
    """Return the first GPU's target as EESSI finds it, by `nvidia-smi`; empty where there is none."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return ""
    try:
        answer = run_child(
            [command, "--query-gpu=compute_cap", "--format=csv,noheader"], about=command, seconds=_NVIDIA_SMI_SECONDS
        )
    except (OSError, ChildHangsError):
        return ""
    found = accelerator_from_compute_capability(answer.stdout.partition("\n")[0])
    return found if found and answer.code == 0 else ""
