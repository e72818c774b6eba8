"""A server of one file: a pod that answers at once, for tests and measurements that are about the hub."""

from __future__ import annotations

from typing import Any

# An answer of any kind is what the hub waits for.
ONE_FILE_SERVER: dict[str, Any] = {
    "cmd": ["sh", "-c", "exec httpd -f -p 8888 -h /"],
    "uid": 1000,
    "args": [],
}
