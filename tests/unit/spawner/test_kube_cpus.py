"""A CPU that is chosen of EESSISpawner, by form, link or REST: where the server goes, and what a refusal leaves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import pytest
from tornado.web import HTTPError

from eessi_spawner.spawner.kube import EESSISpawner
from tests.unit.spawner.pods import Json, MakeSpawner, PodOf
from tests.unit.spawner.test_profile_cpus import POOLS, pool_of

ARM = {"name": "arm", "cpu_target": "aarch64/neoverse_v1", "node_selector": {"pool": "arm"}}


@pytest.fixture
def spawner(make_spawner: MakeSpawner) -> EESSISpawner:
    return make_spawner(node_pools=[*POOLS, ARM])


def checked(loop: asyncio.AbstractEventLoop, spawner: EESSISpawner) -> dict[str, str]:
    """Return which release and CPU the form has checked."""
    page = loop.run_until_complete(spawner.get_options_form())
    radios = re.findall(r'name="(release|cpu_target)" value="([^"]*)"[^>]* checked', page)
    assert len(radios) == len(dict(radios))
    return dict(radios)


@pytest.mark.parametrize(
    ("options", "pool", "pin"),
    [
        ({}, "zen4", ""),
        ({"cpu_target": "automatic"}, "zen4", ""),
        ({"cpu_target": "x86_64/amd/zen4"}, "zen4", "x86_64/amd/zen4"),
        ({"cpu_target": "x86_64/amd/zen2"}, "old", "x86_64/amd/zen2"),
        ({"cpu_target": "x86_64/generic", "release": "2023.06"}, "old", "x86_64/generic"),
        ({"pool": "old"}, "old", ""),
        ({"pool": "zen4", "cpu_target": "x86_64/amd/zen2"}, "zen4", "x86_64/amd/zen2"),
    ],
)
@pytest.mark.parametrize("way", ["rest", "link"])
def test_a_chosen_cpu_decides_the_pool_and_the_builds(  # noqa: PLR0913, PLR0917
    options: Json,
    pool: str,
    pin: str,
    way: str,
    spawner: EESSISpawner,
    pod_of: PodOf,
    loop: asyncio.AbstractEventLoop,
) -> None:
    if way == "link":
        options = loop.run_until_complete(spawner.options_from_query({key: [value] for key, value in options.items()}))
    pod = pod_of(spawner, options)
    assert pool_of(pod) == [pool]
    assert spawner.kernel_settings().cpu_target == pin


@pytest.mark.parametrize(
    "options",
    [
        {"cpu_target": "x86_64/amd/zen5"},
        {"cpu_target": ["x86_64/amd/zen4"]},
        {"cpu_target": "x86_64/amd/zen4\n"},
        {"cpu_target": {"a": "b"}},
        {"pool": "kept"},
        {"pool": "gone"},
    ],
)
def test_a_cpu_or_a_pool_that_cannot_be_had_is_http_400(options: Json, spawner: EESSISpawner, pod_of: PodOf) -> None:
    with pytest.raises(HTTPError) as raised:
        pod_of(spawner, options)
    assert raised.value.status_code == 400
    assert spawner.user_options == {}, "it is not used again at the next spawn"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"cpu_target": "aarch64/neoverse_v1"}, "arm: the server's image does not run on aarch64"),
        ({"pool": "old", "cpu_target": "x86_64/amd/zen4"}, "old: its CPUs, zen2, do not run zen4 builds"),
    ],
)
def test_what_no_pool_can_run_now_is_http_400_with_the_reason_and_not_chosen_again_by_itself(
    options: Json, reason: str, spawner: EESSISpawner, pod_of: PodOf
) -> None:
    with pytest.raises(HTTPError) as raised:
        pod_of(spawner, options)
    assert raised.value.status_code == 400
    assert reason in str(raised.value)
    assert spawner.user_options == {}


FORM = {"eessi-form": ["1"], "release": ["2023.06"], "cpu_target": ["x86_64/amd/zen2"]}


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (FORM, {"release": "2023.06", "cpu_target": "x86_64/amd/zen2"}),
        ({**FORM, "release": ["1999.01"]}, {"release": "2025.06", "cpu_target": "x86_64/amd/zen2"}),
        ({**FORM, "cpu_target": ["<b>"]}, {"release": "2023.06", "cpu_target": "automatic"}),
        ({**FORM, "cpu_target": [], "release": []}, {"release": "2025.06", "cpu_target": "automatic"}),
    ],
)
def test_a_refused_form_comes_back_with_what_of_it_is_offered(
    fields: Mapping[str, list[Any]],
    kept: dict[str, str],
    spawner: EESSISpawner,
    loop: asyncio.AbstractEventLoop,
) -> None:
    with pytest.raises(HTTPError):
        loop.run_until_complete(spawner.run_options_from_form({**fields, "environments": ["nope"]}))
    assert checked(loop, spawner) == kept


def test_what_was_posted_before_is_forgotten_when_a_choice_is_taken(
    spawner: EESSISpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    with pytest.raises(HTTPError):
        loop.run_until_complete(spawner.run_options_from_form(FORM))
    pod_of(spawner, {"release": "2025.06", "cpu_target": "x86_64/amd/zen4"})
    assert checked(loop, spawner) == {"release": "2025.06", "cpu_target": "x86_64/amd/zen4"}


@pytest.mark.parametrize(
    ("configured", "saved", "expected"),
    [
        ({}, {}, "automatic"),
        ({"cpu_target": "x86_64/amd/zen2"}, {}, "x86_64/amd/zen2"),
        ({"cpu_target": "x86_64/amd/zen2"}, {"cpu_target": "automatic"}, "automatic"),
        ({}, {"cpu_target": "x86_64/amd/zen3"}, "x86_64/amd/zen3"),
        ({}, {"release": "2023.06", "cpu_target": "x86_64/amd/zen5"}, "automatic"),
        ({}, {"cpu_target": "aarch64/neoverse_v1"}, "automatic"),
    ],
)
def test_the_form_checks_what_was_chosen_last_or_else_what_is_configured(
    configured: Json, saved: Json, expected: str, make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner(node_pools=[*POOLS, ARM], **configured)
    spawner.user_options = saved
    expected_release = saved.get("release", "2025.06")
    assert checked(loop, spawner) == {"release": expected_release, "cpu_target": expected}
