"""A hub's configuration without the hub: read as JupyterHub reads it, and a spawner made of it as for a user."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import sqlalchemy
import sqlalchemy.orm
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.objects import Server
from jupyterhub.user import User
from kubernetes_asyncio.config import kube_config
from kubespawner.clients import load_config
from traitlets import TraitError
from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.spawner.kube import EESSISpawner

API_TOKEN = "<API token>"  # noqa: S105  (what is shown instead of one)

# KubeSpawner refuses to be made without one.
NO_CLUSTER = """
{apiVersion: v1, kind: Config, current-context: none,
 clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}],
 users: [{name: none, user: {}}],
 contexts: [{name: none, context: {cluster: none, user: none}}]}
"""


def load_hub(file: Path) -> Any:
    """Return the application JupyterHub with the configuration in *file*; nothing of it is started.

    The file's directory is importable, as in the hub's pod of Zero to JupyterHub, whose configuration has a module
    beside it.

    Raises
    ------
    InvalidChoiceError
        If the file is absent or cannot be loaded, or a setting of JupyterHub's own cannot be used.
    """
    if not file.is_file():
        raise InvalidChoiceError(
            f"The configuration {file} was expected to be a file, and is none.",
            advice="Name the file that `jupyterhub --config` gets.",
        )
    directory = str(file.resolve().parent)
    sys.path.insert(0, directory)
    kind = JSONFileConfigLoader if file.suffix == ".json" else PyFileConfigLoader
    try:
        return JupyterHub(config=kind(file.name, path=directory).load_config())
    except TraitError as error:
        raise wrong_trait(error) from error
    except (Exception, SystemExit) as error:  # an admin's code may raise anything
        raise unexpected(f"The configuration {file} cannot be loaded", error) from error


@contextmanager
def spawner_for(app: Any, user_name: str, server_name: str) -> Iterator[EESSISpawner]:
    """Give the spawner that the hub would make for a user's server; needs a running event loop.

    Raises
    ------
    InvalidChoiceError
        If the hub's spawner is none of ours, or a trait has a value that it cannot have.
    """
    engine = sqlalchemy.create_engine("sqlite://")
    try:
        spawner_class = app.spawner_class
        if not issubclass(spawner_class, EESSISpawner):
            raise InvalidChoiceError(
                f"The hub's spawner is {spawner_class.__module__}.{spawner_class.__name__}, and EESSISpawner or a"
                " subclass of it was expected.",
                advice='Set c.JupyterHub.spawner_class = "eessi".',
            )
        orm.Base.metadata.create_all(engine)
        with sqlalchemy.orm.Session(engine, expire_on_commit=False) as session:
            yield _make_spawner(app, session, user_name, server_name)
    except TraitError as error:
        raise wrong_trait(error) from error
    finally:
        engine.dispose()


def _make_spawner(app: Any, session: Any, user_name: str, server_name: str) -> EESSISpawner:
    """Do what JupyterHub does between a request and the spawner's own part (`user.py`, `spawn`)."""
    orm_user = orm.User(name=user_name)
    session.add(orm_user)
    if server_name:
        session.add(orm.Spawner(name=server_name, user=orm_user))
    session.commit()
    app.init_hub()
    user = User(orm_user, _settings(app))
    spawner: EESSISpawner = user.get_spawner(server_name)
    orm_server = orm.Server(base_url=f"{user.base_url}{server_name}/" if server_name else user.base_url)
    session.add(orm_server)
    session.commit()
    spawner.server = Server(orm_server=orm_server)
    spawner.api_token = API_TOKEN
    spawner.admin_access = app.admin_access
    return spawner


def _settings(app: Any) -> dict[str, Any]:
    """Return those of the hub's settings that reach a spawner (`app.py`, `init_tornado_settings`)."""
    names = (
        "config spawner_class hub base_url subdomain_host subdomain_hook domain internal_ssl cookie_host_prefix_enabled"
    )
    return {
        **{name: getattr(app, name) for name in names.split()},
        "public_url": urlparse(app.public_url) if app.public_url else "",
        "cookie_options": app.tornado_settings.get("cookie_options", {}),
    }


@contextmanager
def a_kubeconfig() -> Iterator[None]:
    """Let KubeSpawner find a cluster's address: the pod's or the user's own, else one where nothing listens."""
    # Where there is none, it says so in a warning of its own.
    logging.disable(logging.ERROR)
    try:
        load_config()
    except Exception:  # noqa: BLE001  (a helper program of a kubeconfig may raise anything)
        logging.disable(logging.NOTSET)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(NO_CLUSTER)
            file.flush()
            before = kube_config.KUBE_CONFIG_DEFAULT_LOCATION
            kube_config.KUBE_CONFIG_DEFAULT_LOCATION = file.name
            try:
                yield
            finally:
                kube_config.KUBE_CONFIG_DEFAULT_LOCATION = before
    else:
        logging.disable(logging.NOTSET)
        yield


def wrong_trait(error: TraitError) -> InvalidChoiceError:
    """Return the error for a setting that cannot be used; its message names it."""
    return InvalidChoiceError(str(error), advice="Correct it in the hub's configuration.")


def unexpected(what: str, error: BaseException) -> InvalidChoiceError:
    """Return the error for something of an admin's that raised *error*, with where instead of a traceback."""
    trace, places = error.__traceback__, []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}")
        trace = trace.tb_next
    return InvalidChoiceError(
        f"{what}: {type(error).__name__}: {error}.",
        advice="Correct it, or try it in the hub's pod.",
        details=places[-1],
    )
