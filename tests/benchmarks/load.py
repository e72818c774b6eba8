"""A client of many people: each on a connection that stays open, at a pace or as fast as answers come."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """What people asked for, and how long each waited, in seconds; how long all of it took."""

    waits: tuple[float, ...]
    seconds: float
    bad: int

    @property
    def rate(self) -> float:
        return len(self.waits) / self.seconds

    def percentile(self, part: float) -> float:
        return sorted(self.waits)[min(len(self.waits) - 1, int(len(self.waits) * part))]


@dataclass
class _Connection(asyncio.Protocol):
    """One connection; `ask` sends a request and returns the status of its answer."""

    _got: bytearray = field(default_factory=bytearray)
    _length: int = -1
    _answer: asyncio.Future[int] | None = None
    _transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed before an answer"))

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._length < 0 and (end := self._got.find(b"\r\n\r\n")) >= 0:
            start = self._got.lower().index(b"content-length:") + 15
            self._length = end + 4 + int(self._got[start : self._got.index(b"\r\n", start)])
        if len(self._got) == self._length:
            assert self._answer is not None
            status = int(self._got[9:12])
            self._got.clear()
            self._length = -1
            self._answer.set_result(status)

    async def ask(self, request: bytes) -> int:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._answer, _WAIT_SECONDS)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def request_for(address: str, token: str, body: bytes | None = None) -> bytes:
    """Return a request as it is sent."""
    head = f"{'GET' if body is None else 'POST'} {address} HTTP/1.1\r\nHost: x\r\nAuthorization: token {token}\r\n"
    return f"{head}Content-Length: {len(body or b'')}\r\n\r\n".encode() + (body or b"")


def at_a_pace(port: int, requests: Sequence[Sequence[bytes]]) -> Asked:
    """Let each person send theirs of *requests*, one a second, whether answers come or not."""

    async def person(connection: _Connection, mine: Sequence[bytes], start: float, note: Note) -> None:
        for number, request in enumerate(mine):
            due = start + number
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            note(await connection.ask(request), time.perf_counter() - due)

    return asyncio.run(_all(port, requests, person))


def as_fast_as_can_be(port: int, requests: Sequence[Sequence[bytes]]) -> Asked:
    """Let each person send theirs of *requests*, the next as soon as one is answered."""

    async def person(connection: _Connection, mine: Sequence[bytes], _start: float, note: Note) -> None:
        for request in mine:
            sent = time.perf_counter()
            note(await connection.ask(request), time.perf_counter() - sent)

    return asyncio.run(_all(port, requests, person))


Note = Callable[[int, float], None]


async def _all(
    port: int,
    requests: Sequence[Sequence[bytes]],
    person: Callable[[_Connection, Sequence[bytes], float, Note], Awaitable[None]],
) -> Asked:
    waits: list[float] = []
    bad = 0

    def note(status: int, seconds: float) -> None:
        nonlocal bad
        waits.append(seconds)
        bad += status != 200

    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(_Connection, "127.0.0.1", port) for _ in requests]
    connections = [connection for _, connection in made]
    now = time.perf_counter()
    await asyncio.gather(
        *(
            person(connection, mine, now + random.random(), note)  # noqa: S311  # people do not come in step
            for connection, mine in zip(connections, requests, strict=True)
        )
    )
    seconds = time.perf_counter() - now
    for connection in connections:
        connection.close()
    return Asked(tuple(waits), seconds, bad)
