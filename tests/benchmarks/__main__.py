"""Runs all measurements, or those named on the command line, and prints their tables."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import file_calls, kernel_ready, launcher_hit, launcher_miss
from tests.benchmarks.subject import make_subject

MEASUREMENTS = (launcher_hit, launcher_miss, file_calls, kernel_ready)


def main() -> int:
    broken = []
    with tempfile.TemporaryDirectory(prefix="eessi-benchmarks-") as directory:
        subject = make_subject(Path(directory))
        for measurement in MEASUREMENTS:
            name = measurement.__name__.rpartition(".")[2]
            if len(sys.argv) > 1 and name not in sys.argv[1:]:
                continue
            started = time.monotonic()
            table = measurement.measure(subject)
            sys.stdout.write(f"{table}\n({time.monotonic() - started:.0f} s)\n\n")
            sys.stdout.flush()
            broken += table.broken
    for bound in broken:
        sys.stdout.write(f"BROKEN: {bound}\n")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
