"""The launcher without a snapshot, beside Lmod loading the same modules in the same environment."""

from __future__ import annotations

from tests.benchmarks.costs import Cost, cost_of, in_rounds, median, ratio
from tests.benchmarks.subject import Subject
from tests.benchmarks.table import Table

LIMIT = 1.5


def measure(subject: Subject) -> Table:
    def launch() -> Cost:
        subject.forget()
        return cost_of(subject.launch, subject.environ)

    rounds = in_rounds(
        {
            "launcher, no snapshot": launch,
            "lmod python load": lambda: cost_of(subject.lmod, subject.lmod_environ),
        },
        each=4,
    )
    table = Table("Launcher up to the interpreter, on a miss", ("", "CPU ms", "wall ms"))
    table.rows = [(way, *median(costs).row()) for way, costs in rounds.items()]
    ours, lmod = rounds.values()
    table.bound("CPU of the launcher, times lmod python load", ratio(ours, lmod), LIMIT)
    return table
