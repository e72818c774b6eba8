"""Environments that configuration names by words."""

from __future__ import annotations

import pytest

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.stack.catalogue.from_words import environment_from_words
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.cpu_targets import CpuTarget


def test_words_become_an_environment_of_the_newest_generation(bundled: Catalogue) -> None:
    environment = environment_from_words(bundled, {"packages": ["numpy", "matplotlib"], "name": "plots"})
    assert environment.name == "plots"
    assert environment.modules == (
        "SciPy-bundle/2025.07-gfbf-2025b",
        "jupyter-server/2.17.0-GCCcore-14.3.0",
        "matplotlib/3.10.5-gfbf-2025b",
    )


def test_a_release_and_the_machine_narrow_it(bundled: Catalogue) -> None:
    data = {"packages": "numpy", "release": "2023.06"}
    environment = environment_from_words(bundled, data, [CpuTarget("x86_64/amd/zen5")])
    assert environment.generation == "2023b"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "its packages must be a list of names"),
        ({"packages": [1]}, "its packages must be a list of names"),
        ({"packages": []}, "its packages must be a list of names"),
        ({"packages": "numpy qqqqqqqq"}, "EESSI 2025.06 2025b has no 'qqqqqqqq'"),
        ({"packages": "numpy", "language": "cobol"}, "no kernel for language 'cobol'"),
        ({"packages": "ggplot2", "release": "2023.06"}, "has no r kernel"),
        ({"packages": "numpy", "release": 7}, "its release must be a text"),
        ({"packages": "numpy", "release": "new"}, "'new' is not an EESSI release"),
        ({"packages": "numpy", "release": "1999.01"}, "the catalogue has no 'numpy'"),
        ({"packages": "numpy", "name": "Not A Name"}, "its name must be"),
    ],
)
def test_what_cannot_be_completed_is_an_error_that_says_why(
    bundled: Catalogue, data: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        environment_from_words(bundled, data)
    assert words in raised.value.message
