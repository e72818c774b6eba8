"""How often the stack is asked before the interpreter is executed: what a cold network file system makes wait."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.costs import cost_of
from tests.benchmarks.subject import Subject
from tests.benchmarks.table import Table

LIMIT = 5
CALLS = (
    "open openat openat2 stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat"
    " getxattr lgetxattr getdents64"
)
_CALL = re.compile(r"(?:^|\s)([a-z0-9_]+)\(")


def count_calls(command: Sequence[str], environ: Mapping[str, str], root: Path, *, until: str = "") -> Counter[str]:
    """Count calls about files under *root*, up to the execution of *until*."""
    trace = root.with_name("strace.log")
    traced = ",".join(f"?{call}" for call in (*CALLS.split(), "execve"))
    subprocess.run(
        ["strace", "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={traced}", "-o", str(trace), *command],
        env=dict(environ),
        check=True,
        capture_output=True,
    )
    counted: Counter[str] = Counter()
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        call = _CALL.search(line)
        if call is None:
            continue
        if call[1] != "execve":
            counted[call[1]] += str(root) in line
        elif until and f'execve("{until}"' in line:
            return +counted
    if until:
        raise RuntimeError(f"{until} was not executed")
    return +counted


def measure(subject: Subject) -> Table:
    root = Path(subject.idle.recipe.root)
    (interpreter,) = root.glob("versions/2025.06/software/linux/**/software/Python/3.13*/bin/python")
    cost_of(subject.launch, subject.environ)
    hit = count_calls(subject.launch, subject.environ, root, until=str(interpreter))
    subject.forget()
    miss = count_calls(subject.launch, subject.environ, root, until=str(interpreter))
    lmod = count_calls(subject.lmod, subject.lmod_environ, root)
    table = Table(
        "Calls about files under the stack's root, before the interpreter is executed", ("", "calls", "which")
    )
    for way, counted in (("launcher, snapshot fits", hit), ("launcher, no snapshot", miss), ("lmod python load", lmod)):
        which = ", ".join(f"{count} {call}" for call, count in counted.most_common())
        table.rows.append((way, str(counted.total()), which))
    table.remarks.append(f"Lmod loads {_loaded(subject)} modules.")
    table.bound("calls of the launcher on a hit", hit.total(), LIMIT)
    return table


def _loaded(subject: Subject) -> int:
    answer = subprocess.run(subject.lmod, env=subject.lmod_environ, capture_output=True, text=True, check=True).stdout
    found = re.search(r'os\.environ\["LOADEDMODULES"\] = "([^"]*)"', answer)
    return len(found[1].split(":")) if found else 0
