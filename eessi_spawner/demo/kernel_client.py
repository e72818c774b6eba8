"""Runs code in a kernel of a user's server, over the server's REST API and WebSocket, as JupyterLab does."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect


@dataclass
class CellResult:
    """What a cell answered: `ok` or `error`, its text, and its HTML, if any."""

    status: str = ""
    text: str = ""
    html: str = ""
    errors: list[str] = field(default_factory=list)


def _message(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "header": {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": "check",
            "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
    }


async def run_cell(url: str, token: str, kernel_id: str, code: str, *, seconds: float = 60.0) -> CellResult:
    """Run *code* in the kernel *kernel_id* of the server at *url* and return what it answered.

    Raises
    ------
    TimeoutError
        If there is no answer in time.
    """
    request = HTTPRequest(
        f"{url.replace('http', 'ws', 1)}api/kernels/{kernel_id}/channels",
        headers={"Authorization": f"token {token}"},
        # A kernel that waits for a file system answers late.
        connect_timeout=seconds,
        request_timeout=seconds,
    )
    connection = await websocket_connect(request)
    try:
        message = _message("execute_request", {"code": code, "silent": False, "store_history": True})
        await connection.write_message(json.dumps(message))
        return await _collect(connection, message["header"]["msg_id"], time.monotonic() + seconds)
    finally:
        connection.close()
        # Until the other side has agreed (or five seconds have passed) the socket is open.
        while await connection.read_message() is not None:
            pass


async def _collect(connection: WebSocketClientConnection, msg_id: str, deadline: float) -> CellResult:
    """Gather a cell's messages until its reply and its idle state have both come, in whichever order."""
    result = CellResult()
    idle = False
    while not (idle and result.status):
        raw = await asyncio.wait_for(connection.read_message(), deadline - time.monotonic())
        if raw is None:
            raise ConnectionError("the server closed the connection to the kernel")
        message = json.loads(raw)
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "stream":
            result.text += content["text"]
        elif kind in ("display_data", "execute_result"):
            result.text += content["data"].get("text/plain", "")
            result.html += content["data"].get("text/html", "")
        elif kind == "error":
            result.errors += content["traceback"]
        elif kind == "execute_reply":
            result.status = content["status"]
        elif kind == "status":
            idle = content["execution_state"] == "idle"
    return result
