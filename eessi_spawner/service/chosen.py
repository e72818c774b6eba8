"""Is this an environment that can be kept? It is checked as configuration is, and by what the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eessi_spawner.errors import InvalidChoiceError, ModulesApartError
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.together import Together, can_load_together
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.modules import is_module
from eessi_spawner.stack.releases import parse_release

FIELDS = ("name", "title", "release", "modules", "language")
_MAX_MODULES = 50


def chosen_environment(catalogue: Catalogue, data: object) -> Environment:
    """Return the environment that *data* describes, checked and completed.

    Parameters
    ----------
    data
        `{"name", "modules", "title"?, "release"?, "language"?}` (see `make_environment`). Without a release it is of
        the newest that has all modules.

    Raises
    ------
    InvalidChoiceError
        If a value is missing, unknown, of the wrong type or out of bounds.
    UnknownModuleError
        If no release has one of the modules.
    ModulesApartError
        If they cannot be loaded together: all reasons, and the nearest set that can.
    """
    if not isinstance(data, Mapping):
        raise InvalidChoiceError(
            f"An environment must be a JSON object, and {type(data).__name__} came.",
            advice='Write it as {"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}.',
        )
    if unknown := [key for key in data if key not in FIELDS]:
        raise InvalidChoiceError(
            f"An environment has no field {str(unknown[0])[:50]!r}.", advice=f"Use: {', '.join(FIELDS)}."
        )
    # The catalogue is asked first: it says more of what keeps modules apart, and names the nearest set that goes.
    verdict = _verdict(catalogue, data)
    environment = make_environment({"release": verdict.release, **data} if verdict else data)
    check_together(catalogue, environment)
    return environment


def check_together(catalogue: Catalogue, environment: Environment) -> Together:
    """Return what the catalogue says of *environment*: where it can be loaded.

    Raises
    ------
    UnknownModuleError
        If no release has one of its modules.
    ModulesApartError
        If they cannot be loaded together.
    """
    return _checked(can_load_together(catalogue, environment.modules, release=environment.release))


def _verdict(catalogue: Catalogue, data: Mapping[object, object]) -> Together | None:
    """Return what the catalogue says of posted modules; None where they are not shaped so that it could be asked."""
    modules, release = data.get("modules"), data.get("release")
    if not isinstance(modules, Sequence) or not 0 < len(modules) <= _MAX_MODULES:
        return None
    if not all(isinstance(name, str) and is_module(name) for name in modules):
        return None
    if not (release is None or isinstance(release, str)):
        return None
    wanted = None if release is None else parse_release(release)
    return _checked(can_load_together(catalogue, modules, release=wanted))


def _checked(verdict: Together) -> Together:
    if verdict.can:
        return verdict
    reasons = "; ".join(verdict.reasons)
    nearest = f"The nearest set that can, in EESSI {verdict.release}: {', '.join(verdict.modules)}."
    raise ModulesApartError(
        f"These modules cannot be loaded together: {reasons}.",
        advice=nearest if verdict.modules else "Choose modules of one release and one toolchain generation.",
    )
