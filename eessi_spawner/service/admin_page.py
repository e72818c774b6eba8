"""The administrators' page as HTML. Pure, but for the day on which it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from eessi_spawner.service.admin import (
    DAYS,
    catalogue_hint,
    default_titles,
    environments_in_use,
    failures,
    pool_looks,
    seconds_in_words,
    starts_by_pool,
)
from eessi_spawner.service.hub_facts import ToldFacts, age_in_words
from eessi_spawner.service.page import Surroundings, template
from eessi_spawner.service.pools import everything
from eessi_spawner.service.store.spawn_table import Count, Started
from eessi_spawner.stack.catalogue.index import Catalogue


@dataclass(frozen=True)
class Recorded:
    """What the database says of the last 30 days.

    Attributes
    ----------
    titles
        Environment's key to its title, of those that users saved.
    environments
        How many environments are saved.
    problem
        Why nothing can be said, as a sentence; empty: it can.
    """

    counts: tuple[Count, ...] = ()
    started: tuple[Started, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    environments: int = 0
    problem: str = ""


def render_admin(
    catalogue: Catalogue, told: ToldFacts | None, recorded: Recorded, around: Surroundings, *, problem: str
) -> str:
    """Return the page.

    Parameters
    ----------
    told
        What the hub told last, all of which is shown.
    problem
        Why the saved catalogue is not the one in use; empty: it is.
    """
    view = everything(told)
    listed = {one.environment.key: one.environment.title for one in told.facts.recommended} if told else {}
    titles = {**default_titles(catalogue), **recorded.titles, **listed}
    today = datetime.now(tz=timezone.utc).date()
    day = catalogue.provenance.day
    return template("admin.html").render(
        around=around,
        days=DAYS,
        view=view,
        age="" if view.age is None else age_in_words(view.age),
        pools=pool_looks(view),
        catalogue=catalogue,
        catalogue_age=catalogue.age(today),
        day=day,
        hint=catalogue_hint(day, today),
        problem=problem,
        recorded=recorded,
        environments=environments_in_use(recorded.started, titles),
        failures=failures(recorded.counts),
        starts=starts_by_pool(recorded.counts, recorded.started),
        in_words=seconds_in_words,
    )
