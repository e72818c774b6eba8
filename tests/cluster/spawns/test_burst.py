"""Many people at once: all get a server, or are told why not, and nothing is left of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cluster.spawns.hubs import Person
from tests.cluster.spawns.one_file_server import ONE_FILE_SERVER
from tests.cluster.spawns.places import Place
from tests.cluster.testbed.api import Api
from tests.cluster.testbed.programs import wait_until

PEOPLE = 50


@pytest.mark.long
def test_fifty_people_at_once_all_get_a_server_or_are_told_why(
    start_hub: Callable[..., Any], place_of: Callable[[str], Place], api: Api, busybox: str
) -> None:
    # Of fifty pods on two cores not all can be up in a minute.
    hub = start_hub("baseline", image=busybox, start_timeout=400, **ONE_FILE_SERVER)
    namespace = place_of("baseline").namespace
    people = [Person(hub, f"burst-{number}") for number in range(PEOPLE)]
    began = time.monotonic()
    with ThreadPoolExecutor(PEOPLE) as pool:
        assert set(pool.map(lambda person: person.ask({}), people)) <= {201, 202}
        told = list(pool.map(_last, people))
        assert all("Server ready" in last for last in told), told
        print(f"{PEOPLE} servers in {time.monotonic() - began:.0f} s")  # noqa: T201  (a figure for who reads the log)
        list(pool.map(Person.stop, people))
    wait_until("no pod is left", lambda: not api.core.list_namespaced_pod(namespace).items, 120)


def _last(person: Person) -> str:
    return person.told()[-1]
