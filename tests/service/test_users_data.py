"""A user's data in the service while JupyterHub renames or deletes the user."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jupyterhub.services.auth import HubOAuth

from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.demo.visitor import Visitor
from eessi_spawner.service.gone_users import GoneUsers
from eessi_spawner.service.store.database import Database
from eessi_spawner.service.store.people import People
from tests.service.running import ADMINS_TOKEN, SERVICE, SERVICE_TOKEN

API = f"{SERVICE}api/v1/"
PLOTS = {"name": "plots", "modules": ["matplotlib/3.10.5-gfbf-2025b"]}


@pytest.fixture
def people(state: Path) -> Iterator[People]:
    database = Database(f"sqlite:///{state}/eessi-service.sqlite")
    yield People(database)
    database.close()


def look(hub: DemoHub, people: People, token: str) -> str:
    """Look twice at who is gone, as the service does every some minutes; return what it notes."""
    auth = HubOAuth(api_url=f"{hub.url}hub/api", api_token=token, base_url="/x/", oauth_client_id="x")

    async def twice() -> str:
        with ThreadPoolExecutor(1) as threads:
            gone = GoneUsers(auth, people, threads)
            await gone.look()
            await gone.look()
            return gone.note

    return asyncio.run(twice())


def test_who_is_deleted_in_the_hub_is_forgotten_and_who_is_renamed_is_another(hub: DemoHub, people: People) -> None:
    tokens = {}
    for name in ("ada", "bob", "cem", "dan"):
        visitor = Visitor(hub.url)
        visitor.log_in(name)
        tokens[name] = visitor.token()
        assert visitor.call(f"{API}environments", PLOTS, token=tokens[name]).status == 201
    admin = Visitor(hub.url)
    assert admin.call("hub/api/users/bob", method="DELETE", token=ADMINS_TOKEN).status == 204
    assert admin.call("hub/api/users/cem", {"name": "cem2"}, method="PATCH", token=ADMINS_TOKEN).status == 200
    # A token that may not list users removes nobody; that of the service may.
    assert "list:users" in look(hub, people, tokens["ada"])
    assert people.names() == {"ada", "bob", "cem", "dan"}
    assert look(hub, people, SERVICE_TOKEN) == ""
    assert people.names() == {"ada", "dan"}
    export = admin.call(f"{API}me/export", method="GET", token=tokens["ada"])
    assert [row["name"] for row in json.loads(export.text)["data"]["environments"]] == ["plots"]
