"""From a module to a server with a kernel of it: the environment, and the link by which JupyterHub starts it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from eessi_spawner.service.chosen import chosen_environment
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.environments import Environment

_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")
# Leaves room for a number.
_LONGEST_NAME = 58


def environment_of(catalogue: Catalogue, module: str, release: str) -> Environment:
    """Return the environment of *module* and what brings its kernel.

    Raises
    ------
    InvalidChoiceError
        If the module's name or the release is none, or EESSI has no kernel for the module.
    UnknownModuleError
        If there is no such module.
    ModulesApartError
        If it cannot be loaded beside its kernel.
    """
    name = _NOT_IN_NAMES.sub("-", module.lower()).strip("._-")[:_LONGEST_NAME] or "module"
    title = module[:100]
    return chosen_environment(catalogue, {"name": name, "title": title, "modules": [module], "release": release})


def same_kernel(saved: Iterable[SavedEnvironment], environment: Environment) -> Environment | None:
    """Return the one of *saved* that makes the same kernel; None: there is none."""
    return next((one.environment for one in saved if one.environment.key == environment.key), None)


def spawn_link(hub: str, environment: Environment, option_prefix: str) -> str:
    """Return the address at which JupyterHub starts the user's server with *environment*, at once.

    Parameters
    ----------
    hub
        What JupyterHub's own addresses begin with.
    option_prefix
        What JupyterHub marks options of the spawner with in addresses.
    """
    options = {"release": environment.release, "environments": environment.name}
    return f"{hub}spawn?" + urlencode({f"{option_prefix}{name}": value for name, value in options.items()})
