"""The service, with a watch on its event loop: what takes longest of the processor there, callback by callback.

Run as a process. SIGUSR1 lets it forget what it saw; at its end it prints the longest callbacks as JSON: milliseconds
of the thread's CPU time, and the request.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from contextvars import ContextVar
from typing import Any

from tornado.web import RequestHandler

from eessi_spawner.service.__main__ import main

_LONGEST = 5
_seen: list[tuple[float, str]] = []
_request: ContextVar[str] = ContextVar("request")
_run = asyncio.events.Handle._run
_execute = RequestHandler._execute


def _watched(handle: Any) -> Any:
    before = time.thread_time()
    try:
        return _run(handle)
    finally:
        spent = time.thread_time() - before
        if len(_seen) < _LONGEST or spent > _seen[-1][0]:
            _seen.append((spent, handle._context.get(_request, repr(handle))))
            _seen.sort(reverse=True)
            del _seen[_LONGEST:]


async def _named(handler: RequestHandler, *args: Any, **kwargs: Any) -> None:
    request = handler.request
    _request.set(f"{request.method} {request.uri} {request.body[:20]!r}")
    await _execute(handler, *args, **kwargs)


if __name__ == "__main__":
    asyncio.events.Handle._run = _watched  # type: ignore[method-assign]
    RequestHandler._execute = _named  # type: ignore[assignment]
    signal.signal(signal.SIGUSR1, lambda *_: _seen.clear())
    code = main()
    sys.stdout.write(json.dumps([(round(spent * 1000, 2), name) for spent, name in _seen]))
    sys.exit(code)
