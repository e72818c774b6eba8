"""What of EESSI is asked about, as the offers for it need it: a module, a release or an environment. Pure."""

from __future__ import annotations

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.offer import Offer
from eessi_spawner.service.chosen import check_together
from eessi_spawner.service.pools import WANTED, PoolsView
from eessi_spawner.service.question import Arguments, check_names, value_of
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.environments import Environment

QUESTIONS = ("module", "release", "environment")


def check_question(arguments: Arguments) -> None:
    """Make sure that *arguments* ask about one thing.

    Raises
    ------
    InvalidChoiceError
        If not.
    """
    check_names(arguments, QUESTIONS)
    given = [name for name in QUESTIONS if value_of(arguments, name)]
    if given not in (["module"], ["release"], ["module", "release"], ["environment"]):
        raise InvalidChoiceError(
            f"A module, a release or an environment was expected, and {' and '.join(given) or 'nothing'} came.",
            advice="Ask for module=NAME/VERSION, which a release may narrow, for release=VERSION or environment=ID.",
        )


def offers_for(view: PoolsView, catalogue: Catalogue, arguments: Arguments) -> tuple[Offer, ...]:
    """Return the offers for the module or the release that *arguments* name, checked by `check_question`.

    Raises
    ------
    InvalidChoiceError
        If there is no such release, or the module's name is none.
    UnknownModuleError
        If there is no such module.
    """
    module, release = value_of(arguments, "module"), value_of(arguments, "release")
    if release and release not in catalogue.releases:
        raise InvalidChoiceError(
            f"The catalogue has no release {release[:50]!r}.", advice=f"Use one of: {', '.join(catalogue.releases)}."
        )
    if not module:
        return view.offers(catalogue, [Environment(WANTED, release, release, ())], {})
    rows = {catalogue.release(row): row for row in catalogue.find(module, release or None)}
    # One offer for each release: the environments need names of their own.
    environments = [Environment(found, module, found, (module,)) for found in rows]
    return view.offers(catalogue, environments, {found: catalogue.targets(row) for found, row in rows.items()})


def offers_for_environment(view: PoolsView, catalogue: Catalogue, environment: Environment) -> tuple[Offer, ...]:
    """Return the offers for a saved *environment*.

    Raises
    ------
    UnknownModuleError
        If the catalogue no longer has one of its modules.
    ModulesApartError
        If they can no longer be loaded together.
    """
    targets = check_together(catalogue, environment).targets
    return view.offers(catalogue, [environment], {environment.name: targets})
