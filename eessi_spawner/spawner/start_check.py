"""Checks a spawner's configuration when the hub starts, instead of when the first user comes."""

from __future__ import annotations

from typing import Any

from jupyterhub.app import JupyterHub
from traitlets import TraitError
from traitlets.config import Configurable


def check_when_hub_starts() -> None:
    """Let the hub that is starting, if one is, check the traits of its spawner once its configuration is read.

    JupyterHub makes a spawner, and with it validates its traits, only when a user's page needs one. It sets its
    trait `hub` while it starts (`app.py`, `init_hub`), after all configuration is loaded.
    """
    if JupyterHub.initialized():
        JupyterHub.instance().observe(_check, names="hub")


def _check(change: Any) -> None:
    app = change.owner
    try:
        check_traits(app.spawner_class, app)
    except TraitError as error:
        app.log.critical("The spawner cannot be used as it is configured: %s", error)
        app.exit(1)


def check_traits(spawner_class: type[Configurable], app: Any) -> None:
    """Validate all configured traits of *spawner_class*, without what a spawner needs besides (a user, a cluster).

    Raises
    ------
    TraitError
        If a value cannot be used.
    """
    spawner = spawner_class.__new__(spawner_class)
    Configurable.__init__(spawner, parent=app, config=app.config)
