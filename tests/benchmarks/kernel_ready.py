"""A kernel from its start until it answers, each way there is to give it its modules. No bound: most is ipykernel."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from eessi_spawner.kernels.resolve import Resolved, resolve
from tests.benchmarks.costs import Cost, in_rounds, median, ratio, spread
from tests.benchmarks.peers import ENVKERNEL, Envkernel, JupyterLmod
from tests.benchmarks.subject import Subject
from tests.benchmarks.table import Table

SECONDS = 60
_TICK = os.sysconf("SC_CLK_TCK")
# CPUCLOCK_SCHED of <linux/posix-timers.h>: with a process number it is that process's clock.
_CPU_CLOCK = 2


def start_kernel(name: str, data: Path) -> Cost:
    """Start a kernel in this process's environment, and return what it cost until its first answer."""
    specs = KernelSpecManager(kernel_dirs=[str(data / "kernels")], ensure_native_kernel=False)
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
    started = time.perf_counter()
    manager.start_kernel(cwd=str(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels(hb=False, stdin=False, iopub=False)
    try:
        client.kernel_info()
        client.get_shell_msg(timeout=SECONDS)
        return Cost(_cpu_of(manager.provisioner.pid), time.perf_counter() - started)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def _cpu_of(pid: int) -> float:
    """Return the CPU time of a process and of its children, those it waited for and those it forgot.

    Its own comes from a clock of nanoseconds. envkernel never waits for its Lmod, which stays as a zombie.
    """
    own = time.clock_gettime((~pid << 3) | _CPU_CLOCK)
    waited_for = sum(map(int, _status(pid)[13:15])) / _TICK
    return own + waited_for + sum(_ticks_of_tree(child) for child in _children(pid)) / _TICK


def _ticks_of_tree(pid: int) -> int:
    return sum(map(int, _status(pid)[11:15])) + sum(_ticks_of_tree(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    return [process.pid for process in psutil.Process(pid).children()]


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


@contextmanager
def environment(changed: Mapping[str, str]) -> Iterator[None]:
    """Run with *changed* in this process's environment, and take away whatever came into it."""
    before = dict(os.environ)
    os.environ.update(changed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _write_spec(data: Path, name: str, command: list[str], variables: Mapping[str, str]) -> None:
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    # Jupyter takes a dollar for the start of a variable's name.
    env = {variable: value.replace("$", "$$") for variable, value in variables.items()}
    spec = {"argv": [*command, "-f", "{connection_file}"], "display_name": name, "language": "python", "env": env}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _ways(subject: Subject, resolved: Resolved, envkernel: Envkernel) -> dict[str, Callable[[], Cost]]:
    data, peer = subject.data, JupyterLmod(subject)
    _write_spec(data, "bare", resolved.command, resolved.variables)
    _write_spec(data, "plain", resolved.command, {})
    _write_spec(data, "envkernel", envkernel.command, {})

    def miss() -> Cost:
        subject.forget()
        return start_kernel(subject.real.name, data)

    def by_jupyter_lmod() -> Cost:
        with environment({}):
            loading = peer.load()
            ready = start_kernel("plain", data)
        return Cost(loading.cpu + ready.cpu, loading.wall + ready.wall)

    def by_envkernel() -> Cost:
        with environment(envkernel.environ):
            return start_kernel("envkernel", data)

    return {
        "the same ipykernel, started bare": lambda: start_kernel("bare", data),
        "EESSI kernel, snapshot fits": lambda: start_kernel(subject.real.name, data),
        "jupyter-lmod: loads into the server, then starts": by_jupyter_lmod,
        f"{ENVKERNEL}: loads, then starts": by_envkernel,
        # The last, since it takes the snapshot away and writes it anew.
        "EESSI kernel, no snapshot": miss,
    }


def measure(subject: Subject) -> Table:
    table = Table(
        "Kernel ready: from its start until its first answer", ("", "CPU ms", "of rounds", "wall ms", "CPU, times bare")
    )
    with environment({**subject.environ, "PATH": os.environ["PATH"]}):
        envkernel = Envkernel(subject)
        ways = _ways(subject, resolve(subject.real.recipe), envkernel)
        start_kernel(subject.real.name, subject.data)
        rounds = in_rounds(ways, each=3)
    bare = next(iter(rounds.values()))
    for way, costs in rounds.items():
        cpu, wall = median(costs).row()
        table.rows.append((way, cpu, spread(costs), wall, f"{ratio(costs, bare):.2f}"))
    table.remarks.append("Differences smaller than the spread of the rounds are noise.")
    table.remarks.append("jupyter-lmod's wall time is a click and a start; its CPU time is Lmod's and the kernel's.")
    return table
