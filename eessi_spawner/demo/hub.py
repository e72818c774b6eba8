"""Runs the demonstration hub: a real JupyterHub with the configurable HTTP proxy, as child processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from eessi_spawner.demo.spawner import LOOPBACK
from eessi_spawner.errors import SetUpError

_PROXY = "configurable-http-proxy"
_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
CONFIG = Path(__file__).with_name("jupyterhub_config.py")


@dataclass(frozen=True)
class DemoHub:
    """A hub that runs: its address and its process."""

    url: str
    process: subprocess.Popen[bytes]


def proxy_command() -> list[str]:
    """Return the command of the configurable HTTP proxy: beside this Python, else on PATH.

    Raises
    ------
    SetUpError
        If it is nowhere.
    """
    beside = Path(sys.executable).parent
    path = os.pathsep.join((str(beside), os.environ.get("PATH", "")))
    found = shutil.which(_PROXY, path=path)
    if found is None:
        raise SetUpError(
            f"JupyterHub needs {_PROXY}, and it is not installed.",
            advice=f"Use 'make demo', which installs it, or run: npm install -g {_PROXY}.",
        )
    return [found]


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def check_port(port: int) -> None:
    """Make sure that *port* can be listened on.

    Raises
    ------
    SetUpError
        If it cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise SetUpError(
                f"Port {port} cannot be used ({error.strerror}).", advice="Choose another one: --port 8888."
            ) from None


@contextmanager
def running_hub(
    state: Path, *, root: str, port: int, log: Path | None = None, config: Path = CONFIG
) -> Iterator[DemoHub]:
    """Run a hub until the block ends, with all that it started.

    Parameters
    ----------
    state
        A directory for its database and the homes.
    root
        The stack.
    log
        Where its words go; None: to this process's own standard error.
    config
        The hub's configuration file.

    Raises
    ------
    SetUpError
        If it does not answer within a minute.
    """
    check_port(port)
    process = _start(state, root=root, port=port, log=log, config=config)
    try:
        url = f"http://{LOOPBACK}:{port}/"
        wait_until_ready(url, process, log)
        yield DemoHub(url, process)
    finally:
        stop(process)


def _start(state: Path, *, root: str, port: int, log: Path | None, config: Path) -> subprocess.Popen[bytes]:
    homes = state / "homes"
    homes.mkdir(parents=True, exist_ok=True)
    settings = {
        "port": port,
        "hub_port": free_port(),
        "proxy_api_port": free_port(),
        "service_port": free_port(),
        "proxy_command": proxy_command(),
        "homes": str(homes.absolute()),
        "root": root,
    }
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    with ExitStack() as files:
        output = files.enter_context(log.open("ab")) if log else None
        return subprocess.Popen(
            [*_ends_with_us(), sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=state,
            env={**os.environ, "EESSI_DEMO": json.dumps(settings), "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )


def _ends_with_us() -> list[str]:
    """Return what lets a program be asked to end when this process is killed, and cannot ask it (util-linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path | None) -> None:
    """Wait until the hub answers through its proxy.

    Raises
    ------
    SetUpError
        If it ends, or does not answer in time.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}hub/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    words = log.read_text(errors="replace")[-4000:] if log else ""
    raise SetUpError(f"JupyterHub did not answer at {url}.", advice="Its log says why.", details=words)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the hub, its proxy and its servers; what is left after 15 seconds, or at another Ctrl-C, is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        # Servers lead sessions of their own, and outlive a hub that is killed.
        for pid in (*_descendants(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _descendants(pid: int) -> list[int]:
    """Return the processes that *pid* started and that still run, with those that they started."""
    children: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return [*(found for child in children for found in _descendants(child)), *children]
