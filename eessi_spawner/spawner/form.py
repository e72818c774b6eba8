"""The spawn form: offers as HTML that works by keyboard, on a phone and without JavaScript. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import jinja2

from eessi_spawner.placement.offer import Verdict
from eessi_spawner.spawner.choice import ALL_RELEASES, AUTOMATIC, FORM_MARK, Choice
from eessi_spawner.spawner.cpus import CpuChoice
from eessi_spawner.spawner.offers import Offers


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
    default_target = next((cpu.value for cpu in cpus if cpu.is_default), "")
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
        chosen_target=default_target if chosen.cpu_target is None else chosen.cpu_target,
        automatic=AUTOMATIC,
        gone="" if last_target in ("", AUTOMATIC, *offers.cpu_targets) else last_target,
        waits=Verdict.WAITS,
    )
