"""Offers where the hub mounts no stack: the catalogue's word, and the site's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from eessi_spawner.spawner.catalogue_offers import catalogue_offers, complete_targets, unknown_modules
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.listed import ListedEnvironment, open_saved_catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget
from eessi_spawner.stack.environments import Environment

KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
SCIPY = "SciPy-bundle/2025.06-gfbf-2025a"
OWN = "Ours/1.0"
ROOT = "/cvmfs/software.eessi.io"


@cache
def bundled() -> Catalogue:
    return open_saved_catalogue(Path("/nowhere"))


def environment(*modules: str, release: str = "2025.06") -> Environment:
    return Environment("e", "E", release, modules)


def listed(*modules: str, problem: str = "") -> ListedEnvironment:
    return ListedEnvironment(environment(*modules), problem)


def test_targets_of_an_environment_are_those_that_have_all_of_its_modules() -> None:
    apart = [complete_targets(bundled(), environment(module)) for module in (KERNEL, SCIPY)]
    together = complete_targets(bundled(), environment(KERNEL, SCIPY))
    assert apart[0]
    assert apart[1]
    assert together == apart[0] & apart[1]
    assert together <= bundled().targets_of_release["2025.06"]


@pytest.mark.parametrize("modules", [(OWN,), (KERNEL, OWN)])
def test_of_modules_that_the_catalogue_does_not_know_nobody_says_where_they_are(modules: tuple[str, ...]) -> None:
    assert complete_targets(bundled(), environment(*modules)) is None


def test_a_module_counts_for_the_release_it_is_asked_for() -> None:
    assert complete_targets(bundled(), environment(KERNEL, release="2023.06")) is None


def test_what_a_site_lists_is_offered_whether_or_not_the_catalogue_knows_it() -> None:
    offers = catalogue_offers(bundled(), [listed(OWN), listed(KERNEL, problem="no kernel")], root=ROOT)
    assert [(offer.environment.modules, offer.reason) for offer in offers.environments] == [
        ((OWN,), ""),
        ((KERNEL,), "no kernel"),
    ]


def test_only_modules_that_are_not_known_are_named() -> None:
    (sentence,) = unknown_modules(bundled(), [listed(KERNEL, OWN)])
    assert sentence.startswith("Environment 'e': ")
    assert OWN in sentence


@pytest.mark.parametrize("pin", [None, CpuTarget("x86_64/generic"), CpuTarget("aarch64/a64fx")])
def test_the_defaults_of_a_pinned_hub_are_those_that_run_on_the_pin(pin: CpuTarget | None) -> None:
    offers = catalogue_offers(bundled(), [], root=ROOT, pin=pin)
    assert offers.target == (pin.path if pin else "")
    assert offers.runnable
    assert offers.releases == tuple(sorted(offers.releases, reverse=True))
    for found in offers.runnable:
        targets = offers.builds.modules[found.name]
        assert targets
        assert pin is None or any(older.path in targets for older in pin.fallback_chain)
