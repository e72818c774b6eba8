"""What a hub tells the service of the environments that the site lists."""

from __future__ import annotations

import asyncio

from eessi_spawner.placement.facts import facts_from_json, recommended_to
from tests.unit.spawner.pods import MakeSpawner

LISTED = [
    {"name": "plots", "title": "Plots", "release": "2025.06", "modules": ["matplotlib/3.10.5-gfbf-2025b"]},
    {"name": "words", "packages": ["numpy"], "release": "2025.06"},
    {"name": "course", "release": "2025.06", "modules": ["R/4.5.1-gfbf-2025a"], "allowed_groups": ["students"]},
    {"name": "nowhere", "packages": ["no-such-package-at-all"]},
    {"name": "old", "release": "2023.06", "modules": ["matplotlib/3.7.2-gfbf-2023a"]},
]


def test_the_service_hears_of_what_can_be_had_and_for_whom(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner(eessi_environments=LISTED, release_groups={"2023.06": ["legacy"]})
    facts = facts_from_json(loop.run_until_complete(spawner.placement_facts()).to_json())
    assert [one.name for one in recommended_to((), facts)] == ["plots", "words"]
    assert [one.name for one in recommended_to(("students",), facts)] == ["plots", "words", "course"]


def test_a_site_that_lists_nothing_recommends_nothing(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    assert loop.run_until_complete(make_spawner().placement_facts()).recommended == ()
