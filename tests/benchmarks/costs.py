"""What a command costs: CPU time of it and all that it waited for, and wall time."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Cost:
    """Seconds."""

    cpu: float
    wall: float

    def row(self) -> tuple[str, str]:
        return f"{self.cpu * 1000:.1f}", f"{self.wall * 1000:.1f}"


def cost_of(command: Sequence[str], environ: Mapping[str, str]) -> Cost:
    """Run *command* to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(usage.ru_utime + usage.ru_stime, wall)


def in_rounds(ways: Mapping[str, Callable[[], Cost]], *, each: int) -> dict[str, list[Cost]]:
    """Measure every way *each* times a round, in turn; return the median cost of each round."""
    rounds: dict[str, list[Cost]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        costs: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(each):
            for way, measure in ways.items():
                costs[way].append(measure())
        for way, found in costs.items():
            rounds[way].append(median(found))
    return rounds


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs))


def spread(costs: Sequence[Cost]) -> str:
    """Return the least and the most CPU time of the rounds, in milliseconds."""
    times = [cost.cpu * 1000 for cost in costs]
    return f"{min(times):.0f} to {max(times):.0f}"


def ratio(costs: Sequence[Cost], plain: Sequence[Cost]) -> float:
    """Return how many times the CPU time of *plain* was used, as the median of the rounds."""
    return statistics.median(cost.cpu / beside.cpu for cost, beside in zip(costs, plain, strict=True))
