"""A kernel that is restarted often, and interrupted, leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import psutil
import pytest

from eessi_spawner.kernels.launcher import snapshot_directory
from tests.kernels.conftest import Generation, StartKernel
from tests.kernels.kernel_session import SECONDS, KernelSession

pytestmark = pytest.mark.sample_stack

RESTARTS = 100
# An ipykernel needs a second to be ready; what is restarted a hundred times is the way up to it.
READY_EVERY = 25


def wait_until_it_is_the_kernel(session: KernelSession, prefix: str) -> None:
    """Wait until the launcher has become the interpreter under *prefix*."""
    deadline = time.monotonic() + SECONDS
    command = Path(f"/proc/{session.pid}/cmdline")
    while not command.read_bytes().startswith(os.fsencode(prefix) + b"/bin/python\0"):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def children() -> set[int]:
    """Return the processes below this one, dead but unreaped ones too."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_a_hundred_restarts_leave_no_process_and_one_snapshot(
    start: StartKernel, generations: dict[str, Generation]
) -> None:
    generation = generations["2025b"]
    before = children()
    with start(generation.spec.name) as session:
        alone = len(children() - before)
        seen = {session.pid}
        for count in range(1, RESTARTS + 1):
            session.manager.restart_kernel(now=True)
            seen.add(session.pid)
            wait_until_it_is_the_kernel(session, generation.prefix)
            if count % READY_EVERY == 0:
                session.client.wait_for_ready(timeout=SECONDS)
                assert session.run("print(6 * 7)").text == "42\n"
                assert len(children() - before) == alone
        assert len(seen) > RESTARTS / 2, "process numbers may repeat, but not all the time"
        assert os.listdir(snapshot_directory()) == [f"{generation.spec.recipe.key}@{os.uname().nodename}"]
    assert children() == before


def test_a_kernel_that_is_killed_while_it_loads_modules_leaves_no_process(
    start: StartKernel, generations: dict[str, Generation]
) -> None:
    before = children()
    generation = generations["2024a"]
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(start(generation.spec.name))
        for file in Path(snapshot_directory()).iterdir():
            file.unlink()
        session.manager.restart_kernel(now=True)
        # Lmod has been started.
        while len(children() - before) < 2 and not os.listdir(snapshot_directory()):
            time.sleep(0.002)
    deadline = time.monotonic() + SECONDS
    while children() != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children() == before


@pytest.mark.parametrize("start_by", ["Lmod", "snapshot"])
def test_an_interrupt_stops_the_cell_and_not_the_kernel(
    start: StartKernel, generations: dict[str, Generation], start_by: str
) -> None:
    name = generations["2025b"].spec.name
    with start(name) as session:
        if start_by == "snapshot":
            session.manager.restart_kernel(now=True)
            session.client.wait_for_ready(timeout=SECONDS)
        pid = session.pid
        request = session.client.execute("import time\nprint('on', flush=True)\ntime.sleep(600)")
        while session.client.get_iopub_msg(timeout=SECONDS)["msg_type"] != "stream":
            pass
        session.manager.interrupt_kernel()
        assert session.result(request).reply["ename"] == "KeyboardInterrupt"
        assert session.run("print('here')").text == "here\n"
        assert session.pid == pid
