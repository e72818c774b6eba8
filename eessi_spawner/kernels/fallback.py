"""The kernel that stands in for one that could not start: it answers every cell with the reason.

It runs in the Jupyter server's own Python. A cell gets the cause, the next step and, folded, the details; the
reply is an error, so that nbconvert and papermill fail instead of writing an empty notebook.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

from eessi_spawner.kernels.resolve import FAILURE_VARIABLE

_STYLE = (
    "border-left:4px solid var(--jp-error-color1,#d32f2f);padding:.25em 1em;overflow-wrap:anywhere;"
    "color:var(--jp-content-font-color1,inherit)"
)
_PARAGRAPH = "margin:.25em 0 .5em"
_WORDS = (
    "margin:.5em 0;padding:.5em .75em;white-space:pre-wrap;background:var(--jp-layout-color2,rgba(128,128,128,.15))"
)


def failure_html(failure: Mapping[str, str]) -> str:
    """Return the message a notebook shows; everything in it is escaped."""
    text = {key: html.escape(str(value)) for key, value in failure.items()}
    folded = ""
    if text.get("details"):
        folded = (
            "<details><summary style='cursor:pointer'>Details</summary>"
            f"<pre style='{_WORDS}'>{text['details'].strip()}</pre></details>"
        )
    return (
        f"<div role='alert' style='{_STYLE}'>"
        f"<p style='{_PARAGRAPH}'><strong>This EESSI kernel could not start.</strong></p>"
        f"<p style='{_PARAGRAPH}'>{text['message']}</p>"
        f"<p style='{_PARAGRAPH}'><strong>What to do:</strong> {text['advice']}</p>"
        f"{folded}<p style='{_PARAGRAPH}'><small>Reason code: {text['code']}</small></p></div>"
    )


def failure_text(failure: Mapping[str, str]) -> str:
    """Return the message for front ends that show plain text."""
    lines = [
        "This EESSI kernel could not start.",
        failure["message"],
        f"What to do: {failure['advice']}",
        f"Reason code: {failure['code']}",
    ]
    if failure.get("details"):
        lines.append(f"Details:\n{failure['details']}")
    return "\n".join(lines)


class FallbackKernel(Kernel):
    """Answers every cell with the failure that the launcher left in the environment."""

    implementation = "eessi-spawner-fallback"
    implementation_version = "1"
    language_info = {"name": "python", "mimetype": "text/x-python", "file_extension": ".py"}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.failure: dict[str, str] = json.loads(os.environ[FAILURE_VARIABLE])
        self.banner = failure_text(self.failure)

    async def do_execute(self, code: str, silent: bool, *_: Any, **_options: Any) -> dict[str, Any]:  # noqa: FBT001
        """Show the failure, and reply with an error."""
        if not silent and code.strip():
            data = {"text/html": failure_html(self.failure), "text/plain": failure_text(self.failure)}
            self.send_response(  # type: ignore[no-untyped-call]
                self.iopub_socket, "display_data", {"data": data, "metadata": {}}
            )
        return {
            "status": "error",
            "execution_count": self.execution_count,
            "ename": "EESSIKernelError",
            "evalue": f"{self.failure['message']} {self.failure['advice']}",
            "traceback": failure_text(self.failure).splitlines(),
        }


def main() -> None:
    """Run the kernel with the arguments a kernel spec gives."""
    IPKernelApp.launch_instance(kernel_class=FallbackKernel)
