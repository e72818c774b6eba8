"""The spawn form: offers as HTML that works by keyboard, on a phone and without JavaScript. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

import jinja2

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.offer import Verdict
from eessi_spawner.spawner.choice import ALL_RELEASES, AUTOMATIC, FORM_MARK, Choice, shown
from eessi_spawner.spawner.cpus import CpuChoice
from eessi_spawner.spawner.offers import Offers
from eessi_spawner.stack.cpu_targets import parse_cpu_target


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("eessi_spawner.spawner"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("form.html")


def render_form(
    offers: Offers, chosen: Choice, *, root: str, cpus: Sequence[CpuChoice] = (), last_target: str = ""
) -> str:
    """Return the form's fields, *chosen* preselected.

    Parameters
    ----------
    root
        The stack's directory, shown where it cannot be read.
    cpus
        What of CPUs can be chosen, automatic first; empty: there is nothing to choose.
    last_target
        What was chosen last time: the form says so where it is not to be had now.
    """
    versions = dict.fromkeys(offer.environment.release for offer in offers.environments)
    groups = [
        (index, version, [offer for offer in offers.environments if offer.environment.release == version])
        for index, version in enumerate(versions, start=1)
    ]
    possible = [cpu.value for cpu in cpus if cpu.releases]
    gone = _gone(last_target, possible) if cpus else ""
    return _template().render(
        offers=offers,
        groups=groups,
        chosen_release=chosen.release or next(iter(offers.releases), ALL_RELEASES),
        chosen_names={environment.name for environment in chosen.environments},
        chosen_releases={environment.release for environment in chosen.environments},
        all_releases=ALL_RELEASES,
        form_mark=FORM_MARK,
        root=root,
        cpus=cpus,
        chosen_target=chosen.cpu_target if chosen.cpu_target in possible else "",
        automatic=AUTOMATIC,
        gone=gone,
        tells_room=any(offer.free for cpu in cpus for offer in cpu.by_release.values()),
        waits=Verdict.WAITS,
    )


def _gone(last_target: str, possible: Collection[str]) -> str:
    """Return what people call a CPU that was chosen last time and is not to be had now; empty if there is none such."""
    if last_target in ("", AUTOMATIC, *possible):
        return ""
    try:
        return parse_cpu_target(last_target).short_name
    except InvalidChoiceError:
        return shown(last_target)
