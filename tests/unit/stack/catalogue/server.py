"""A server that publishes a catalogue, well or in all the ways that go wrong."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = "eessi_api_metadata_software.json"
PORTAL = b"<!DOCTYPE html><html><title>Log in to our Wi-Fi</title></html>"


@dataclass
class Behaviour:
    """What the server does; tests change it while it runs.

    `fault` is one of: `truncate`, `truncate-gzip`, `stall`, `drip`, `portal`, `redirect`, `loop`, `to-file`,
    `error`, `reset`, `broken-gzip`.
    """

    content: bytes = b""
    hashes: object = None
    fault: str = ""
    zipped: bool = False
    asked: list[str] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def publish(self, content: bytes) -> None:
        """Publish *content* with its hash."""
        self.content = content
        self.hashes = {NAME: {"hash": hashlib.sha256(content).hexdigest(), "timestamp": "2026-08-01"}}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    behaviour: Behaviour

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data/{NAME}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        behaviour.asked.append(self.path)
        behaviour.heard.append(dict(self.headers.items()))
        fault = behaviour.fault
        if fault == "portal":
            self.answer(PORTAL, "text/html")
        elif fault == "error":
            self.send_error(503)
        elif fault == "reset":
            self.close_connection = True
        elif self.path.endswith("hashes.json"):
            if behaviour.hashes is None:
                self.send_error(404)
            else:
                said = behaviour.hashes
                self.answer(said if isinstance(said, bytes) else json.dumps(said).encode())
        elif fault in {"redirect", "loop", "to-file"} and "moved" not in self.path:
            place = {"redirect": "/moved/x.json", "loop": self.path, "to-file": "file:///etc/passwd"}[fault]
            self.send_response(302)
            self.send_header("Location", place)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_content(behaviour, fault)

    def send_content(self, behaviour: Behaviour, fault: str) -> None:
        body = behaviour.content
        if behaviour.zipped or fault in {"truncate-gzip", "broken-gzip"}:
            body = gzip.compress(body)
        length = len(body)
        if fault == "truncate-gzip":
            body = body[: length // 2]
            length = len(body)
        if fault == "broken-gzip":
            body = body[:20] + b"\0" * 20 + body[40:]
        if fault == "truncate":
            body = body[: length // 2]
            self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        if body.startswith(b"\x1f\x8b"):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if fault == "stall":
            self.wfile.write(body[:10])
            self.wfile.flush()
            behaviour.gate.wait(30)
            self.close_connection = True
        elif fault == "drip":
            for place in range(length):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                if behaviour.gate.wait(0.05):
                    break
            self.close_connection = True
        else:
            self.wfile.write(body)

    def answer(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running_server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.behaviour = Behaviour()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.behaviour.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
