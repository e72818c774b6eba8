"""The promise of a CPU target: whether a CPU runs the builds that a kernel was promised.

Pools, labels and pins say what a node runs; the machine itself says what is true. EESSI's detection table is the
judge, and where it cannot tell, the promise counts as kept: a false alarm would stop a kernel that works.
"""

from __future__ import annotations

from collections.abc import Sequence

from eessi_spawner.errors import CpuMismatchError, InvalidChoiceError
from eessi_spawner.stack.cpu_targets import DETECTION_RULES, CpuTarget, detect_chain, shows_flags
from eessi_spawner.stack.host import CPUINFO
from eessi_spawner.stack.releases import PUBLISHED_TARGETS

# Elsewhere the table compares words that change with the kernel or leave newer CPUs out (riscv64, ppc64le).
_JUDGED = ("x86_64", "aarch64")


def is_broken(promised: str, seen: Sequence[str]) -> bool:
    """Say whether a CPU that runs the targets *seen*, best first, surely does not run builds for *promised*.

    While the machine type is the same, nothing is sure of a target that the table cannot detect
    (`aarch64/aws/graviton4`); nor of anything where *seen* is empty.
    """
    if not promised or not seen or promised in seen:
        return False
    machine = promised.partition("/")[0]
    if machine != seen[0].partition("/")[0]:
        return True
    return machine in _JUDGED and promised in {rule.target for rule in DETECTION_RULES[machine]}


def built_for(release: str, chain: Sequence[CpuTarget]) -> CpuTarget:
    """Return the target whose builds a CPU gets that runs *chain*; of an unknown release, the best one."""
    published = PUBLISHED_TARGETS.get(release, ())
    return next((target for target in chain if target.path in published), chain[0])


def mismatch(promised: str, seen: Sequence[str], node: str) -> CpuMismatchError:
    """Return the error of a broken promise on *node*, whose CPU runs the targets *seen*."""
    return CpuMismatchError(
        f"This kernel was promised builds for {promised}, but the CPU of {node} runs at most {seen[0]}; they would end"
        " in 'Illegal instruction'.",
        advice="Stop the server and start it again, which may land on another node; and tell an administrator that the"
        " labels of this server's node, or its pool, promise more than the node has.",
    )


def read_seen(machine: str) -> tuple[str, ...]:
    """Return the targets that this machine's CPU runs, best first; none where /proc/cpuinfo does not tell."""
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
        chain = detect_chain(text, machine)
    except (OSError, InvalidChoiceError):
        return ()
    return tuple(target.path for target in chain) if shows_flags(text, machine) else ()
