"""The pages of environments as HTML: a user's own, the editor, a shared one, what a newer release would break. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from eessi_spawner.errors import EESSIError
from eessi_spawner.service.chosen import check_together
from eessi_spawner.service.draft import Draft, Suggestion, suggestions
from eessi_spawner.service.notebook import spawn_link
from eessi_spawner.service.page import Surroundings, template
from eessi_spawner.service.pool_words import words_of
from eessi_spawner.service.pools import WANTED, PoolsView
from eessi_spawner.service.renewal import Renewal, chosen_modules, newer_releases, renew
from eessi_spawner.service.review import Review, review
from eessi_spawner.service.store.keeping import Kept
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment

NO_POOLS = PoolsView()
# What a page says of what was just done, by the name in its address.
DONE = {
    "saved": "It was saved.",
    "copied": "A copy was saved.",
    "renamed": "It was renamed.",
    "shared": "It is shared: whoever has its link and is logged in sees it, and can save a copy.",
    "withdrawn": "It is no longer shared: its link leads nowhere.",
    "restored": "It is back.",
}


@dataclass(frozen=True)
class Card:
    """An environment as a page shows it.

    Attributes
    ----------
    environment
        What it is.
    modules
        Those that were picked; the kernel's comes along.
    cpus
        Which CPUs load it, in words; empty where none does.
    problem
        Why no CPU loads it any longer.
    id
        What its forms call it; empty where it is nobody's own.
    link
        The token of its link; empty where it is not shared.
    pools
        On which of the hub's pools it runs now; empty where nothing is known of them.
    start
        The address that starts a server with it; empty where it is nobody's own.
    """

    environment: Environment
    modules: tuple[str, ...]
    cpus: str
    problem: str
    id: str = ""
    link: str = ""
    pools: str = ""
    start: str = ""

    @property
    def as_start(self) -> str:
        """What opens the editor with it: the part of the address after `?`."""
        one = self.environment
        fields = [("name", one.name), ("title", one.title), ("release", one.release)]
        return urlencode([*fields, *(("module", name) for name in self.modules)])


def make_card(catalogue: Catalogue, environment: Environment, view: PoolsView = NO_POOLS) -> Card:
    """Return *environment* as pages show it, with what the catalogue says of it now, and where it runs."""
    try:
        targets, problem = check_together(catalogue, environment).targets, ""
    except EESSIError as error:
        targets, problem = (), str(error)
    cpus = cpu_words(catalogue, environment.release, targets)
    pools = _pool_words(catalogue, environment, targets, view)
    return Card(environment, chosen_modules(environment.modules), cpus, problem, pools=pools)


def _pool_words(catalogue: Catalogue, environment: Environment, targets: Sequence[str], view: PoolsView) -> str:
    if not view.states or not targets:
        return ""
    return words_of(view.offers(catalogue, [environment], {environment.name: targets}), view)


def cpu_words(catalogue: Catalogue, release: str, targets: Collection[str]) -> str:
    """Return which CPUs *targets* of a *release* are, in few words; empty where there are none."""
    everything = sorted(catalogue.targets_of_release.get(release, ()))
    missing = [name for name in everything if name not in targets]
    if not targets:
        return ""
    if not missing:
        return f"every CPU that EESSI {release} is built for"
    if len(missing) <= len(targets):
        return f"all but {_short_names(missing)}"
    return _short_names(sorted(targets))


@dataclass(frozen=True)
class Own:
    """What a user has, and what was just done to it.

    Attributes
    ----------
    saved
        Their environments.
    links
        The ids of those that are shared, each with the token of its link.
    removed
        What can be brought back.
    done
        What was just done: a name in `DONE`, or empty.
    about
        The id of what it was done to.
    kept
        What became of an imported file's entries.
    view
        What they may know of the hub's node pools.
    option_prefix
        What JupyterHub marks options of the spawner with in addresses.
    """

    saved: Sequence[SavedEnvironment]
    links: Mapping[str, str]
    removed: Sequence[SavedEnvironment]
    done: str = ""
    about: str = ""
    kept: Sequence[Kept] = ()
    view: PoolsView = NO_POOLS
    option_prefix: str = ""


def render_environments(
    catalogue: Catalogue, around: Surroundings, own: Own, recommended: Sequence[Environment] = ()
) -> str:
    """Return the page of a user's own environments, with the site's *recommended* ones beside them."""
    return template("environments.html").render(
        around=around,
        cards=[
            replace(
                make_card(catalogue, one.environment, own.view),
                id=one.id,
                link=own.links.get(one.id, ""),
                start=spawn_link(around.hub, one.environment, own.option_prefix),
            )
            for one in own.saved
        ],
        removed=own.removed,
        recommended=[make_card(catalogue, one) for one in recommended],
        said=DONE.get(own.done, ""),
        about=own.about,
        kept=own.kept,
    )


@dataclass(frozen=True)
class Editing:
    """What the editor shows.

    Attributes
    ----------
    draft
        The form's fields.
    verdict, suggestions
        What the catalogue says of them.
    cpus
        Which CPUs load it, in words.
    pools
        A sentence on the hub's node pools that can run it; empty where nothing is known of them.
    key
        The id of the saved environment that is changed; empty where it is a new one.
    fault
        Why it was not saved.
    """

    draft: Draft
    verdict: Review
    suggestions: tuple[Suggestion, ...]
    cpus: str
    pools: str = ""
    key: str = ""
    fault: EESSIError | None = None

    @property
    def summary(self) -> str:
        """What is read aloud when something changed."""
        if not self.draft.modules:
            return "No module was chosen."
        if self.verdict.can:
            return f"They load together in EESSI {self.verdict.release}."
        return f"That makes no environment: {'; '.join(self.verdict.reasons)}."


def make_editing(catalogue: Catalogue, draft: Draft, view: PoolsView) -> Editing:
    """Return what the editor shows for *draft*, with a sentence on the pools that can run it.

    Raises
    ------
    InvalidChoiceError
        If the draft's release is not shaped as one.
    """
    verdict = review(catalogue, draft.modules, draft.release or None)
    cpus = cpu_words(catalogue, verdict.release, verdict.targets)
    wanted = Environment(WANTED, WANTED, verdict.release, verdict.modules)
    pools = _pool_words(catalogue, wanted, verdict.targets, view)
    return Editing(draft, verdict, suggestions(catalogue, draft, verdict), cpus, pools)


def render_editor(
    catalogue: Catalogue, around: Surroundings, editing: Editing, recommended: Sequence[Environment] = ()
) -> str:
    """Return the editor, with the site's *recommended* environments beside it."""
    return template("environment.html").render(
        around=around,
        editing=editing,
        key=editing.key,
        fault=editing.fault,
        releases=catalogue.releases,
        recommended=[make_card(catalogue, one) for one in recommended],
    )


def render_editing(editing: Editing) -> str:
    """Return the part of the editor that its script replaces."""
    return template("environment_part.html").render(editing=editing)


def render_shared(catalogue: Catalogue, around: Surroundings, saved: SavedEnvironment) -> str:
    """Return the page that a link leads to."""
    return template("shared.html").render(
        around=around, owner=saved.owner, card=make_card(catalogue, saved.environment)
    )


def render_newer(catalogue: Catalogue, around: Surroundings, saved: Sequence[SavedEnvironment]) -> str:
    """Return the page that says what a newer release would break of what a user saved."""
    found: list[tuple[SavedEnvironment, list[tuple[Renewal, str]]]] = []
    for one in saved:
        renewals = [
            renew(catalogue, one.environment, name) for name in newer_releases(catalogue, one.environment.release)
        ]
        cpus = [
            cpu_words(catalogue, renewal.release, review(catalogue, renewal.modules, renewal.release).targets)
            for renewal in renewals
        ]
        found.append((one, list(zip(renewals, cpus, strict=True))))
    return template("newer.html").render(around=around, found=found, newest=catalogue.releases[0])


def _short_names(targets: Sequence[str]) -> str:
    return ", ".join(CpuTarget(name).short_name for name in targets)
