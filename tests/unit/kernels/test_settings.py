"""The spawner's settings survive the one variable they travel in, and garbage in it is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.kernels.settings import KernelSettings, settings_from_variable
from eessi_spawner.stack.environments import make_environment

ENVIRONMENT = {
    "name": "scipy",
    "title": 'Sci"Py" · ☃ \U0001f600',
    "release": "2025.06",
    "modules": ["SciPy-bundle/2025.07-gfbf-2025b"],
}
SETTINGS = KernelSettings(
    root="/cvmfs/other.example.org",
    environments=(make_environment(ENVIRONMENT),),
    cpu_target="x86_64/amd/zen3",
    targets={"scipy": "x86_64/amd/zen2"},
    promised="x86_64/amd/zen4",
    lmod="/opt/lmod",
    sample={"generations": {"2025b": {"python": "3.11.7"}}},
    service="http://hub.example.org/services/eessi/",
    service_period=12.5,
    own=("scipy",),
)


@pytest.mark.parametrize("settings", [SETTINGS, KernelSettings()], ids=["all", "defaults"])
def test_settings_survive_the_variable(settings: KernelSettings) -> None:
    assert settings_from_variable(settings.to_variable()) == settings


def test_the_variable_holds_plain_ascii_in_one_line() -> None:
    value = SETTINGS.to_variable()
    assert value.isascii()
    assert value.isprintable()


def test_settings_of_an_older_hub_are_understood() -> None:
    data = json.loads(SETTINGS.to_variable())
    for later in ("targets", "promised", "service", "service_period", "own"):
        del data[later]
    known = replace(SETTINGS, targets={}, promised="", service="", service_period=30, own=())
    assert settings_from_variable(json.dumps(data)) == known


def test_what_a_newer_hub_says_besides_is_left_alone() -> None:
    data = json.loads(SETTINGS.to_variable())
    assert settings_from_variable(json.dumps({**data, "of_tomorrow": [1]})) == SETTINGS


@settings(max_examples=30)
@given(st.text() | st.lists(st.none() | st.floats() | st.text()).map(json.dumps))
def test_garbage_is_refused(value: str) -> None:
    with pytest.raises(InvalidChoiceError, match="EESSI_SPAWNER_SETTINGS"):
        settings_from_variable(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "{}",
        '"root"',
        '["root"]',
        "NaN",
        "9" * 5000,
        "[" * 100_000,
        '{"root": ' * 20_000,
        '{"root": "/", "environments": null, "cpu_target": "", "lmod": "", "sample": {}}',
        '{"root": "/", "environments": [], "cpu_target": "", "lmod": "", "sample": [1, 2]}',
        '{"root": "/", "environments": [], "cpu_target": "", "lmod": ""}',
        KernelSettings().to_variable().replace('"targets": {}', '"targets": [1]'),
    ],
)
def test_what_is_no_settings_is_refused_with_what_to_do(value: str) -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        settings_from_variable(value)
    assert raised.value.advice == "Unset it, or start the server through the hub."


@pytest.mark.parametrize("entry", [None, 1, "name", [], {}, {**ENVIRONMENT, "modules": ["$(reboot)"]}])
def test_what_is_no_environment_is_refused(entry: Any) -> None:
    data = {**json.loads(KernelSettings().to_variable()), "environments": [entry]}
    with pytest.raises(EESSIError):
        settings_from_variable(json.dumps(data))
