"""The launcher while its snapshot fits, beside the same Python doing nothing."""

from __future__ import annotations

import sys

from tests.benchmarks.costs import cost_of, in_rounds, median, ratio
from tests.benchmarks.subject import NOTHING, Subject
from tests.benchmarks.table import Table

LIMIT = 3.0


def measure(subject: Subject) -> Table:
    cost_of(subject.launch, subject.environ)
    rounds = in_rounds(
        {
            "launcher, snapshot fits": lambda: cost_of(subject.launch, subject.environ),
            "python -IS -c pass": lambda: cost_of([sys.executable, "-IS", "-c", "pass"], subject.environ),
            NOTHING: lambda: cost_of([NOTHING], subject.environ),
        },
        each=20,
    )
    table = Table("Launcher up to the interpreter, on a hit", ("", "CPU ms", "wall ms"))
    table.rows = [(way, *median(costs).row()) for way, costs in rounds.items()]
    ours, python, _ = rounds.values()
    table.bound("CPU of the launcher, times python -IS -c pass", ratio(ours, python), LIMIT)
    return table
