"""Runs the service until it is told to end: `python -m eessi_spawner.service`, started by JupyterHub."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyterhub.services.auth import HubOAuth
from tornado.httpserver import HTTPServer
from tornado.log import enable_pretty_logging

from eessi_spawner.errors import EESSIError, SetUpError, StoreError
from eessi_spawner.service.application import make_application
from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.catalogue_updates import update_every
from eessi_spawner.service.parts import ServiceParts
from eessi_spawner.service.settings import ServiceSettings, settings_from
from eessi_spawner.service.store.database import Database

_THREADS = 4
_SWITCH_SECONDS = 0.0005
_PARENT_SECONDS = 0.5
_GARBAGE_SECONDS = 0.5
_GARBAGE = 10_000
_HOUR_SECONDS = 3600
# A larger body is not read at all; a smaller one that is too large is refused in words.
_LARGEST_BODY = 4 * 1024 * 1024
_log = logging.getLogger("eessi_spawner.service")


def main() -> int:
    """Run the service, and return the exit code: 0 where it was told to end, 1 where it cannot run."""
    parent = os.getppid()
    # Of the threads that search, each would keep the event loop waiting for Python's 5 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    enable_pretty_logging()
    try:
        asyncio.run(_serve(settings_from(os.environ, Path.home()), parent))
    except EESSIError as error:
        _log.critical("%s", error)
        return 1
    return 0


async def _serve(settings: ServiceSettings, parent: int) -> None:
    """Answer until SIGTERM or SIGINT, or until the process *parent*, which started the service, is gone.

    Raises
    ------
    SetUpError
        If there is no such kind of database, or nothing can listen at the address.
    """
    parts = ServiceParts(
        hub_auth=HubOAuth(),
        keeper=CatalogueKeeper(settings.catalogue),
        database=Database(settings.database),
        threads=ThreadPoolExecutor(_THREADS),
        store_threads=ThreadPoolExecutor(_THREADS),
        authenticate_prometheus=settings.authenticate_prometheus,
    )
    # Without it people search all the same; and a managed service that ends at its start ends the hub.
    with suppress(StoreError):
        parts.database.check()
    application = make_application(parts)
    # Behind JupyterHub's proxy: its headers say whether the browser's side is https.
    server = HTTPServer(application, xheaders=True, max_buffer_size=_LARGEST_BODY, max_body_size=_LARGEST_BODY)
    try:
        server.listen(settings.port, settings.host)
    except OSError as error:
        raise SetUpError(
            f"Nothing can listen at {settings.host}:{settings.port}: {error.strerror}.",
            advice="Give the service another port by its url in c.JupyterHub.services.",
        ) from None
    # What is loaded by now stays: walking through it took a full collection 50 ms, in which nobody was answered. The
    # rest is collected in a thread: Python would do so in the middle of a request, and walk through others' searches.
    gc.collect()
    gc.freeze()
    gc.disable()
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    tasks = [asyncio.create_task(task) for task in _chores(parts, settings, stop, parent)]
    modules = len(parts.keeper.now.catalogue)
    _log.info("Serving %s modules at %s:%s%s", modules, settings.host, settings.port, settings.prefix)
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    server.stop()
    await server.close_all_connections()
    parts.threads.shutdown()
    parts.store_threads.shutdown()
    parts.database.close()


def _chores(
    parts: ServiceParts, settings: ServiceSettings, stop: asyncio.Event, parent: int
) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what is done all the time beside answering."""
    yield parts.keeper.keep(parts.threads)
    yield parts.gone_users.keep()
    yield _collect_garbage(parts.threads)
    yield _end_with_parent(stop, parent)
    if settings.catalogue_hours:
        yield update_every(settings.catalogue_hours * _HOUR_SECONDS)


async def _collect_garbage(threads: Executor) -> None:
    """Collect in a thread, as soon as there are many new objects, until cancelled."""
    while True:
        await asyncio.sleep(_GARBAGE_SECONDS)
        if gc.get_count()[0] > _GARBAGE:
            await asyncio.get_running_loop().run_in_executor(threads, gc.collect)


async def _end_with_parent(stop: asyncio.Event, parent: int) -> None:
    """Set *stop* when the process *parent*, which started this one, is gone.

    A hub that was killed has not ended its services, and could not be started again: this one would hold its port. The
    first process of a container has no parent (0), and that never changes.
    """
    while os.getppid() == parent:  # noqa: ASYNC110  # no event tells it
        await asyncio.sleep(_PARENT_SECONDS)
    _log.warning("What started the service is gone, and so it ends.")
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
