"""From a module to the link that starts a server with a kernel of it."""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from eessi_spawner.errors import EESSIError
from eessi_spawner.service.notebook import environment_of, same_kernel, spawn_link
from eessi_spawner.service.store.saved import SavedEnvironment
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from eessi_spawner.stack.environments import Environment

CATALOGUE = bundled_catalogue()
MODULE = "SciPy-bundle/2025.07-gfbf-2025b"
NOW = datetime(2026, 9, 1, tzinfo=timezone.utc)


def test_a_module_becomes_an_environment_with_its_kernel() -> None:
    environment = environment_of(CATALOGUE, MODULE, "2025.06")
    assert environment.name == "scipy-bundle-2025.07-gfbf-2025b"
    assert environment.title == MODULE
    assert environment.modules == (MODULE, "jupyter-server/2.17.0-GCCcore-14.3.0")


@pytest.mark.parametrize(
    ("module", "release"),
    [
        (MODULE, "2023.06"),
        (MODULE, "1999.01"),
        ("SciPy-bundle", "2025.06"),
        ("nothing/1", "2025.06"),
        ("<b>", "2025.06"),
    ],
)
def test_what_there_is_not_is_refused(module: str, release: str) -> None:
    with pytest.raises(EESSIError):
        environment_of(CATALOGUE, module, release)


def test_every_module_with_a_kernel_has_a_name_that_can_be_saved() -> None:
    for name in ["R/4.5.1-gfbf-2025b", "GROMACS/2025.2-foss-2025a"]:
        for row in CATALOGUE.rows_of_software[name.partition("/")[0]]:
            module = CATALOGUE.module(row)
            if module.generation == "2025b":
                assert environment_of(CATALOGUE, module.full_name, module.release).name


def test_one_that_is_the_same_kernel_is_taken_whatever_its_name() -> None:
    environment = environment_of(CATALOGUE, MODULE, "2025.06")
    other = Environment("mine", "Mine", environment.release, environment.modules)
    assert same_kernel([SavedEnvironment("0" * 32, "ada", other, NOW, NOW)], environment) == other
    assert same_kernel([], environment) is None


def test_the_link_says_release_and_environment() -> None:
    link = spawn_link("https://hub.example.org/hub/", Environment("mine&x", "", "2025.06", ()), "opt-")
    assert link.startswith("https://hub.example.org/hub/spawn?")
    assert parse_qs(urlsplit(link).query) == {"opt-release": ["2025.06"], "opt-environments": ["mine&x"]}
