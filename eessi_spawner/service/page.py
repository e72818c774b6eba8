"""Pages as HTML in JupyterHub's look, which work by keyboard, on a phone and without JavaScript. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from urllib.parse import urlencode

import jinja2

from eessi_spawner.service.grid import grid_columns, machines, make_grids, software_names
from eessi_spawner.service.hub_facts import age_in_words
from eessi_spawner.service.pool_words import words_of
from eessi_spawner.service.pools import PoolsView
from eessi_spawner.service.question import FILTERS, Arguments, check_names, filters_of, span_of, value_of, values_of
from eessi_spawner.service.wanted import offers_for_environment
from eessi_spawner.stack.catalogue.entry import version_key
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.search import search
from eessi_spawner.stack.environments import Environment

SOFTWARE_ON_A_PAGE = 20
_LANGUAGES = {"python": "Python", "r": "R", "julia": "Julia", "octave": "Octave", "perl": "Perl", "java": "Java"}


@dataclass(frozen=True)
class Surroundings:
    """What a page stands in.

    Attributes
    ----------
    hub
        The address of JupyterHub's own pages, with a slash at its end.
    prefix
        What the service's addresses begin with, with a slash at its end.
    static
        The name of a file of the service to its address.
    user
        Whose page it is; empty where nobody is logged in.
    xsrf
        What the page's script and forms prove with that they are of this page.
    origin
        What stands before an address that is sent to others, such as `https://hub.example.org`.
    admin
        Whether the user may see the administrators' page.
    """

    hub: str
    prefix: str
    static: Mapping[str, str]
    user: str = ""
    xsrf: str = ""
    origin: str = ""
    admin: bool = False


@cache
def template(name: str) -> jinja2.Template:
    """Return the template of a page, or of a part of one."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("eessi_spawner.service"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)


def render_software(
    catalogue: Catalogue, arguments: Arguments, around: Surroundings, today: date, view: PoolsView
) -> str:
    """Return the page on which software is found, and where it runs on the pools of *view*.

    Raises
    ------
    InvalidChoiceError
        If an argument is none that the page's form sends.
    """
    return template("software.html").render(
        around=around,
        query=value_of(arguments, "q"),
        selects=_selects(catalogue, arguments),
        catalogue_age=catalogue.age(today),
        day=catalogue.provenance.day,
        **_found(catalogue, arguments, view),
        **_told(view),
    )


def render_results(catalogue: Catalogue, arguments: Arguments, around: Surroundings, view: PoolsView) -> str:
    """Return what was found alone: with `render_told` the part of the page that its script replaces.

    It is the same for all who may know the same of pools, until something else is to be said of these.

    Raises
    ------
    InvalidChoiceError
        If an argument is none that the page's form sends.
    """
    return template("results.html").render(around=around, **_found(catalogue, arguments, view))


def render_told(view: PoolsView) -> str:
    """Return what the words about pools stand on: how old it is changes with each second."""
    return template("pools_told.html").render(**_told(view))


def render_notebook(catalogue: Catalogue, environment: Environment, around: Surroundings, view: PoolsView) -> str:
    """Return the page that says what is started to open a module, the title of *environment*, in a notebook.

    Raises
    ------
    EESSIError
        If the catalogue no longer has what the environment needs.
    """
    words = words_of(offers_for_environment(view, catalogue, environment), view) if view.states else ""
    return template("notebook.html").render(
        around=around, environment=environment, module=environment.title, words=words, view=view
    )


def render_fault(fault: Mapping[str, str], around: Surroundings) -> str:
    """Return the page that says what went wrong."""
    return template("fault.html").render(fault=fault, around=around)


def _told(view: PoolsView) -> dict[str, object]:
    return {"view": view, "age": "" if view.age is None else age_in_words(view.age)}


def _found(catalogue: Catalogue, arguments: Arguments, view: PoolsView) -> dict[str, object]:
    """Return what the results show: a page of software, of which all hits are shown."""
    check_names(arguments, ("q", *FILTERS, "offset"))
    query, offset = value_of(arguments, "q"), span_of(arguments).offset
    result = search(catalogue, query, filters_of(arguments, catalogue))
    names = software_names(result.hits)
    after = offset + SOFTWARE_ON_A_PAGE
    kept = [(name, value) for name in ("q", *FILTERS) for value in values_of(arguments, name)]
    columns = grid_columns(catalogue)
    return {
        "asked": bool(query.strip()),
        "grids": make_grids(catalogue, result.hits, names[offset:after], view),
        "columns": columns,
        "of_pools": view.targets,
        "machines": machines(columns),
        "nearly": bool(result.hits) and result.hits[0].how == "typo",
        "ignored": result.ignored,
        "modules_found": result.total,
        "software_found": len(names),
        "first": offset + 1,
        "next_page": "?" + urlencode([*kept, ("offset", after)]) if after < len(names) else "",
        "previous_page": "?" + urlencode([*kept, ("offset", max(0, offset - SOFTWARE_ON_A_PAGE))]) if offset else "",
    }


@dataclass(frozen=True)
class Select:
    """A filter of the form: what it is called, what can be chosen (value and words), what is."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str


def _selects(catalogue: Catalogue, arguments: Arguments) -> list[Select]:
    """Return the filters, each with what the catalogue has."""
    columns = catalogue.columns
    built = {name for targets in columns.accelerators for names in targets.values() for name in names}
    offered: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "release": ("Release", [(release, release) for release in catalogue.releases]),
        "target": ("CPU", [(target.path, target.path) for target in grid_columns(catalogue)]),
        "accelerator": ("GPU", [(name, name) for name in sorted(built, key=version_key)]),
        "generation": ("Generation", [(name, name) for name in dict.fromkeys(name for _, name in catalogue.places)]),
        "language": (
            "Language",
            [(name, words) for name, words in _LANGUAGES.items() if name in catalogue.rows_of_language],
        ),
    }
    return [Select(name, label, options, _first(arguments, name)) for name, (label, options) in offered.items()]


def _first(arguments: Arguments, name: str) -> str:
    return next(iter(values_of(arguments, name)), "")
