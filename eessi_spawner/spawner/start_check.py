"""Checks a spawner's configuration when the hub starts, instead of when the first user comes."""

from __future__ import annotations

import functools
from typing import Any

from jupyterhub.app import JupyterHub
from traitlets import TraitError
from traitlets.config import Configurable

from eessi_spawner.spawner.telling import TellingSpawner


def check_when_hub_starts() -> None:
    """Let a hub that starts check the traits of its spawner once its configuration is read.

    JupyterHub makes a spawner, and with it validates its traits, only when a user's page needs one. It has no hook
    for this, and imports the classes of all entry points while it is being made itself (`app.py`, `_load_classes`),
    when there is nothing yet to observe: so its step `init_hub`, a while after the configuration is read, is wrapped.
    """
    step = JupyterHub.init_hub
    if hasattr(step, "__wrapped__"):
        return

    @functools.wraps(step)
    def init_hub(app: Any) -> None:
        if JupyterHub.initialized() and app is JupyterHub.instance():
            _check(app)
        step(app)

    JupyterHub.init_hub = init_hub


def _check(app: Any) -> None:
    try:
        if issubclass(app.spawner_class, TellingSpawner):
            check_traits(app.spawner_class, app).hub_starts(app)
    except TraitError as error:
        app.log.critical("The spawner cannot be used as it is configured: %s", error)
        app.exit(1)


def check_traits(spawner_class: type[Configurable], app: Any) -> Any:
    """Validate all configured traits of *spawner_class*, and return a spawner that has them and nothing else.

    It lacks what a spawner has besides: a user, a cluster.

    Raises
    ------
    TraitError
        If a value cannot be used.
    """
    spawner = spawner_class.__new__(spawner_class)
    Configurable.__init__(spawner, parent=app, config=app.config)
    return spawner
