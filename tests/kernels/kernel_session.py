"""A kernel as a front end has it: started from its spec, spoken to over its channels, and always shut down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

SECONDS = 60.0


@dataclass
class Cell:
    """What a cell answered; `outputs` are as a notebook keeps them."""

    status: str
    reply: Mapping[str, Any]
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(output["text"] for output in self.outputs if output["output_type"] == "stream")

    @property
    def html(self) -> str:
        return "".join(output.get("data", {}).get("text/html", "") for output in self.outputs)


class KernelSession:
    """A running kernel."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def run(self, code: str, *, seconds: float = SECONDS) -> Cell:
        """Run a cell; a kernel that dies or is silent fails the test."""
        return self.result(self.client.execute(code), seconds=seconds)

    def result(self, request: str, *, seconds: float = SECONDS) -> Cell:
        """Return what the cell of *request* answered."""
        deadline = time.monotonic() + seconds
        outputs = []
        while (message := self._iopub(request, deadline))["content"].get("execution_state") != "idle":
            if output := _output(message["msg_type"], message["content"]):
                outputs.append(output)
        while True:
            reply = self.client.get_shell_msg(timeout=max(0.1, deadline - time.monotonic()))
            if reply["parent_header"].get("msg_id") == request:
                return Cell(reply["content"]["status"], reply["content"], outputs)

    def _iopub(self, request: str, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline:
            with contextlib.suppress(Empty):
                message = self.client.get_iopub_msg(timeout=1)
                if message["parent_header"].get("msg_id") == request:
                    return dict(message)
            if not self.manager.is_alive():
                raise RuntimeError("the kernel died")
        raise TimeoutError("the kernel did not answer")


def _output(kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "stream":
        return {"output_type": kind, "name": content["name"], "text": content["text"]}
    if kind in ("display_data", "execute_result", "error"):
        kept = {name: content[name] for name in content if name != "transient"}
        return {"output_type": kind, **kept}
    return None


@contextlib.contextmanager
def starting_kernel(
    name: str, *, data: Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[KernelSession]:
    """Start the kernel *name* of the data path *data*, without waiting for it.

    *environ* is the environment of whoever starts it, in place of this process's.
    """
    specs = KernelSpecManager(kernel_dirs=[str(data / "kernels")], ensure_native_kernel=False)
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs, shutdown_wait_time=2)
    options = {"env": dict(environ)} if environ is not None else {}
    manager.start_kernel(cwd=str(cwd or data), **options)
    client = manager.client()
    client.start_channels()
    try:
        yield KernelSession(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@contextlib.contextmanager
def running_kernel(
    name: str, *, data: Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[KernelSession]:
    """Start a kernel and wait until it is ready, as front ends do."""
    with starting_kernel(name, data=data, environ=environ, cwd=cwd) as session:
        session.client.wait_for_ready(timeout=SECONDS)
        yield session
