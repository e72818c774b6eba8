"""The service's settings: what JupyterHub tells a service that it manages, and what an administrator adds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from eessi_spawner.errors import SetUpError
from eessi_spawner.stack.catalogue.saved import catalogue_directory

PREFIX_VARIABLE = "JUPYTERHUB_SERVICE_PREFIX"
URL_VARIABLE = "JUPYTERHUB_SERVICE_URL"
DATABASE_VARIABLE = "EESSI_SERVICE_DATABASE"
HOURS_VARIABLE = "EESSI_SERVICE_CATALOGUE_HOURS"
# The last two are read by JupyterHub's own code, which tells nobody what to do where they are missing.
_NEEDED = (PREFIX_VARIABLE, URL_VARIABLE, "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID")
# Of JupyterHub's own name for its metrics (`c.JupyterHub.authenticate_prometheus`).
METRICS_VARIABLE = "EESSI_SERVICE_AUTHENTICATE_PROMETHEUS"
_SWITCH = {"": True, "true": True, "1": True, "false": False, "0": False}
# Beside the hub's own database, which is in the hub's working directory by default too.
DEFAULT_DATABASE = "sqlite:///eessi-service.sqlite"


@dataclass(frozen=True)
class ServiceSettings:
    """Where the service listens, what its addresses begin with, where its data is.

    Attributes
    ----------
    prefix
        What the path of each address begins with; it ends with a slash.
    host, port
        Where it listens.
    database
        As SQLAlchemy writes it, such as `sqlite:////srv/eessi.sqlite`.
    catalogue
        The directory of the saved catalogue.
    catalogue_hours
        How often the service itself updates it; 0: never.
    authenticate_prometheus
        Whether who asks for metrics needs the scope `read:metrics`.
    """

    prefix: str
    host: str
    port: int
    database: str
    catalogue: Path
    catalogue_hours: float = 0.0
    authenticate_prometheus: bool = True


def settings_from(environ: Mapping[str, str], home: Path) -> ServiceSettings:
    """Return the settings that *environ* holds.

    Raises
    ------
    SetUpError
        If JupyterHub's variables are missing, its address has no port, the hours are no number, or a switch is
        neither on nor off.
    """
    missing = [name for name in _NEEDED if not environ.get(name)]
    if missing:
        raise SetUpError(
            f"The service needs {' and '.join(missing)}, which JupyterHub sets, and found none.",
            advice="Let JupyterHub start it: name it in c.JupyterHub.services with a command and a url. Where it runs"
            " on its own, set them as JupyterHub would.",
        )
    url = environ[URL_VARIABLE]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or port is None:
        raise SetUpError(
            f"The service's url needs a host and a port, and it is {url!r}.",
            advice="Write it as http://127.0.0.1:10101 in c.JupyterHub.services.",
        )
    switch = environ.get(METRICS_VARIABLE, "")
    if switch.lower() not in _SWITCH:
        raise SetUpError(
            f"{METRICS_VARIABLE} is {switch[:50]!r}, and true or false was expected.",
            advice="Write false to let anybody who reaches the service read its metrics.",
        )
    return ServiceSettings(
        prefix=environ[PREFIX_VARIABLE].rstrip("/") + "/",
        host=host,
        port=port,
        database=environ.get(DATABASE_VARIABLE) or DEFAULT_DATABASE,
        catalogue=catalogue_directory(environ, home),
        catalogue_hours=_hours(environ.get(HOURS_VARIABLE) or "0"),
        authenticate_prometheus=_SWITCH[switch.lower()],
    )


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 <= hours < math.inf:
        raise SetUpError(
            f"{HOURS_VARIABLE} was expected to be a number of hours, and is {text!r}.",
            advice="Set it to 24 for an update each day, or to 0 for none.",
        )
    return hours
