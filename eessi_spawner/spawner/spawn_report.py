"""How a spawn ended, as the service is told: by the exception that JupyterHub got, if any. Pure."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tornado.util import TimeoutError as TornadoTimeoutError
from tornado.web import HTTPError

from eessi_spawner.errors import ClusterError
from eessi_spawner.spawner.rejection import error_of

READY, FAILED, REFUSED, STOPPED = "ready", "failed", "refused", "stopped"
# What is no error of ours: JupyterHub gave up waiting, or ended the spawn itself.
_TIMEOUT, _CANCELLED = "timeout", "cancelled"
# The service takes no more.
_MOST_ENVIRONMENTS = 50


@dataclass(frozen=True)
class SpawnReport:
    """One spawn that has ended, or a server that has.

    Attributes
    ----------
    id
        Unique: the service counts a report once that it gets twice.
    user, server
        Their names; the default server's is empty.
    at
        When it ended, in UTC.
    seconds
        How long it took; of a server that stopped, how long it ran.
    result
        `ready`: the server answers. `refused`: what was asked for cannot be had. `failed`: it was to be started, and
        did not. `stopped`: a server that was ready has ended.
    code
        The error's stable code; empty: no error of ours.
    pool
        The node pool that was taken for it; empty: none, or not known.
    release, environments
        What was chosen: a release or `all`, and the environments' keys.
    """

    id: str
    user: str
    server: str
    at: datetime
    seconds: float
    result: str
    code: str = ""
    pool: str = ""
    release: str = ""
    environments: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as the service reads it."""
        return {
            **asdict(self),
            "at": self.at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
            "seconds": round(self.seconds, 3),
            "environments": list(self.environments[:_MOST_ENVIRONMENTS]),
        }


def result_of(ended: asyncio.Future[Any], *, runs: bool) -> tuple[str, str]:
    """Return the result of a spawn and the code of its error.

    Parameters
    ----------
    runs
        Whether there is a server where the spawn ended without an exception: the proxy may have failed.
    """
    if ended.cancelled():
        return FAILED, _CANCELLED
    failure = ended.exception()
    if failure is None:
        return (READY if runs else FAILED), ""
    error = error_of(failure)
    if error is not None:
        return (FAILED if isinstance(error, ClusterError) else REFUSED), error.code
    if isinstance(failure, (asyncio.TimeoutError, TimeoutError, TornadoTimeoutError)):
        return FAILED, _TIMEOUT
    is_refusal = isinstance(failure, HTTPError) and failure.status_code < 500
    return (REFUSED if is_refusal else FAILED), ""
