"""A real Jupyter server offers EESSI kernels and starts them, and is itself the same before and after."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.demo.hub import free_port
from eessi_spawner.demo.kernel_client import run_cell
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings
from tests.kernels.conftest import Generation

pytestmark = pytest.mark.sample_stack

TOKEN = "t0ken"
SECONDS = 60
ENVIRON = "import json, os; print(json.dumps(dict(os.environ)))"
# A native kernel gets these of its own.
OF_EACH_KERNEL = {"JPY_SESSION_NAME", "JPY_PARENT_PID"}


class Server:
    """A running Jupyter server, asked over its REST API."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    def ask(self, path: str, body: object = None, *, method: str = "GET") -> Any:
        request = urllib.request.Request(  # noqa: S310
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def start_kernel(self, name: str) -> str:
        return str(self.ask("api/kernels", {"name": name}, method="POST")["id"])

    def run(self, kernel: str, code: str) -> str:
        cell = asyncio.run(run_cell(self.url, TOKEN, kernel, code))
        assert cell.status == "ok", cell.errors
        return cell.text

    def environment_of_native_kernel(self) -> dict[str, str]:
        """Return what a kernel of the server's own Python inherits: the server's environment."""
        kernel = self.start_kernel("python3")
        found = json.loads(self.run(kernel, ENVIRON))
        self.ask(f"api/kernels/{kernel}", method="DELETE")
        return {name: value for name, value in found.items() if name not in OF_EACH_KERNEL}

    def wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                self.ask("api/status")
                return
            time.sleep(0.1)
        pytest.fail(f"the server does not answer:\n{self.log.read_text(encoding='utf-8')}")


@pytest.fixture
def settings(generations: dict[str, Generation]) -> KernelSettings:
    chosen = tuple(generations[name].environment for name in ("2025b", "2023b"))
    return KernelSettings(root=generations["2025b"].spec.recipe.root, environments=chosen)


@pytest.fixture
def server(tmp_path: Path, settings: KernelSettings) -> Iterator[Server]:
    home = tmp_path / "home"
    home.mkdir()
    log = tmp_path / "server.log"
    port = free_port()
    command = [sys.executable, "-m", "jupyter_server", f"--port={port}", "--allow-root"]
    command.append("--ServerApp.jpserver_extensions={'eessi_spawner.kernels.extension': True}")
    environ = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_TOKEN": TOKEN,
        SETTINGS_VARIABLE: settings.to_variable(),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environ, cwd=home, stdout=file, stderr=file)
    running = Server(process, f"http://127.0.0.1:{port}/", log)
    try:
        running.wait()
        yield running
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        finally:
            process.kill()


def test_kernels_leave_the_server_as_it_was(server: Server, generations: dict[str, Generation]) -> None:
    proc = Path(f"/proc/{server.process.pid}")
    started_with = (proc / "environ").read_bytes()
    before = server.environment_of_native_kernel()
    for name in ("2025b", "2023b", "2025b"):
        generation = generations[name]
        kernel = server.start_kernel(generation.spec.name)
        text = server.run(kernel, "import os, numpy; print(os.environ['EESSI_VERSION'], numpy.__version__)")
        assert text.split() == [generation.environment.release, generation.numpy]
    assert server.environment_of_native_kernel() == before
    assert (proc / "environ").read_bytes() == started_with
    assert not [name for name in before if name.startswith(("EBROOT", "LOADEDMODULES", "LMOD_", "EESSI_VERSION"))]
    mapped = (proc / "maps").read_text(encoding="utf-8")
    assert generations["2025b"].prefix not in mapped


def test_the_server_lists_the_kernels_of_a_directory_outside_the_home_that_goes_with_it(
    server: Server, tmp_path: Path, generations: dict[str, Generation]
) -> None:
    listed = server.ask("api/kernelspecs")
    first, second = (generations[name].spec for name in ("2025b", "2023b"))
    assert listed["default"] == first.name
    assert set(listed["kernelspecs"]) >= {"python3", first.name, second.name}
    for spec in (first, second):
        assert listed["kernelspecs"][spec.name]["spec"]["metadata"]["eessi"]["modules"] == list(spec.recipe.modules)
    path = Path(server.environment_of_native_kernel()["JUPYTER_PATH"].split(os.pathsep)[0])
    kernel = path / "kernels" / generations["2025b"].spec.name / "kernel.json"
    assert kernel.is_file()
    assert not path.is_relative_to(tmp_path / "home")
    assert path.stat().st_mode & 0o077 == 0
    server.process.terminate()
    server.process.wait(timeout=20)
    assert not path.exists()
    assert not list((tmp_path / "home").rglob("kernel.json"))
