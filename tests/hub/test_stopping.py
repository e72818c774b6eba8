"""The demonstration ends with all that it started, however it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eessi_spawner.demo.hub import free_port, wait_until_ready
from eessi_spawner.demo.visitor import Visitor, form_fields

GONE_SECONDS = 30


@pytest.fixture
def demo(sample_stack: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    command = [sys.executable, "-m", "eessi_spawner.cli.main", "demo", "--root", str(sample_stack)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--state", str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/"
    wait_until_ready(url, process, None)
    try:
        yield process, url
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("signals", "code"),
    [((signal.SIGTERM,), 130), ((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGKILL,), -signal.SIGKILL)],
    ids=["kill", "Ctrl-C-twice", "kill-9"],
)
def test_the_demonstration_leaves_no_process_behind(
    demo: tuple[subprocess.Popen[bytes], str], tmp_path: Path, signals: tuple[signal.Signals, ...], code: int
) -> None:
    process, url = demo
    _start_server(url)
    started = _processes_in(tmp_path)
    assert len(started) >= 3, "a hub, a proxy and a server were expected"
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    assert process.wait(GONE_SECONDS) == code
    deadline = time.monotonic() + GONE_SECONDS
    # A hub that lost its parent ends by itself.
    while code != 130 and _processes_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _processes_in(tmp_path) == []


def _start_server(url: str) -> None:
    visitor = Visitor(url)
    assert visitor.log_in("somebody").status == 200
    fields = form_fields(visitor.spawn_form().text)
    posted = [(field.name, field.value) for field in fields if field.kind == "hidden" or field.name == "environments"]
    assert visitor.spawn([*posted, ("release", "all")]).status == 200
    assert any(event.get("ready") for event in visitor.progress()), "the server did not start"


def _processes_in(state: Path) -> list[str]:
    """Return the commands of processes that work in *state*, where hub, proxy and servers are started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(state):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
