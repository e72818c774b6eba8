"""Says no to a spawn in JupyterHub's way: HTTP 400, a message without a traceback, nothing counted as a failure."""

from __future__ import annotations

import html

import jupyterhub.spawner
from jupyterhub.spawner import Spawner
from tornado.web import HTTPError

from eessi_spawner.errors import EESSIError

# JupyterHub 6 has an exception for this; 5.x shows the attributes of an HTTPError.
_SpawnException = getattr(jupyterhub.spawner, "SpawnException", None)


def rejection(error: EESSIError) -> HTTPError:
    """Return the exception that tells the user *error*."""
    text = f"{error.message} {error.advice}"
    markup = f"{html.escape(error.message)} <strong>{html.escape(error.advice)}</strong>"
    if _SpawnException is not None:
        refused: HTTPError = _SpawnException(text, reason=error.code, message_html=markup)
    else:
        refused = HTTPError(400, "%s", text, reason=error.code)
    vars(refused)["eessi_error"] = error
    # What the form shows of it in 5.x.
    vars(refused)["jupyterhub_message"] = text
    return refused


def error_of(exception: BaseException) -> EESSIError | None:
    """Return the error that *exception* tells the user, if it is one of ours."""
    error = exception if isinstance(exception, EESSIError) else getattr(exception, "eessi_error", None)
    return error if isinstance(error, EESSIError) else None


def refuse(spawner: Spawner, error: EESSIError) -> HTTPError:
    """Return the exception that ends the spawn of *spawner* with *error*, and that is not counted as a failure."""
    _take_out_of_failure_count(spawner)
    return rejection(error)


def _take_out_of_failure_count(spawner: Spawner) -> None:
    """Make a rejection inside a spawn not count towards the failures in a row that stop the hub.

    JupyterHub 5.x counts every exception of a spawn (`handlers/base.py`, `_track_failure_count`) after it was
    raised, and exits at `consecutive_failure_limit`, so that five bad posts stop it; 6.x does not count
    rejections. Here one is taken off before it is added.
    """
    if _SpawnException is None and spawner.handler is not None:
        settings = spawner.handler.settings
        settings["failure_count"] = settings.get("failure_count", 0) - 1
