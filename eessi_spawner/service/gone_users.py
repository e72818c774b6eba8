"""Removes the data of users whom JupyterHub no longer has, and of nobody else.

JupyterHub tells nobody that a user was deleted; it lists them, in parts, to who has the scope `list:users`
(its `apihandlers/users.py`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection
from concurrent.futures import Executor
from typing import Any

from jupyterhub.services.auth import HubOAuth
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from eessi_spawner.errors import HubUnreachableError, StoreError
from eessi_spawner.service.store.people import People

LOOK_SECONDS = 600.0
_NO_SCOPE = "users who are deleted in JupyterHub keep their data here: the service lacks the scope list:users"
_TOO_MANY = "JupyterHub lists less than half of those who have data here, and so nobody's is removed"
_PAGE = 200
_SECONDS = 30.0
_log = logging.getLogger(__name__)


def missing_users(owners: Collection[str], users: Collection[str]) -> frozenset[str] | None:
    """Return which *owners* of data are none of the hub's *users*; None where the list is not to be trusted.

    A hub whose database was lost, or that lists a part, lacks many at once. People leave one by one.
    """
    missing = frozenset(owners).difference(users)
    few = max(1, len(owners) // 2)
    return missing if users and len(missing) <= few else None


class GoneUsers:
    """Compares who has data with whom the hub has.

    What is missing in two looks in a row is removed. `note` says what an administrator should know; it is empty where
    all is well.

    Parameters
    ----------
    hub_auth
        How the hub is reached.
    people
        Who has data.
    threads
        Where the database is asked.
    """

    def __init__(self, hub_auth: HubOAuth, people: People, threads: Executor) -> None:
        self._hub_auth = hub_auth
        self._people = people
        self._threads = threads
        self._missing: frozenset[str] = frozenset()
        self.note = ""

    async def keep(self, seconds: float = LOOK_SECONDS) -> None:
        """Look every so many *seconds*, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.look()
            except (HubUnreachableError, StoreError) as error:
                _log.warning("Users who are gone are looked for later: %s", error.message)
            except Exception:  # noqa: BLE001  # whatever it is, the next look may be good
                _log.exception("Users who are gone could not be looked for.")

    async def look(self) -> None:
        """Look now; nobody is missed on the strength of a look that failed.

        Raises
        ------
        HubUnreachableError
            If the hub does not list its users.
        StoreError
            If the database cannot be used.
        """
        before, self._missing = self._missing, frozenset()
        if not await self._may_list():
            self._tell(_NO_SCOPE)
            return
        loop = asyncio.get_running_loop()
        # Before the hub is asked: who comes in between is no owner yet.
        owners = await loop.run_in_executor(self._threads, self._people.names)
        missing = missing_users(owners, await self._users()) if owners else frozenset()
        if missing is None:
            self._tell(_TOO_MANY)
            return
        self._tell("")
        if gone := missing & before:
            await loop.run_in_executor(self._threads, self._people.forget, gone)
            _log.info("Removed the data of users whom JupyterHub no longer has: %s", ", ".join(map(repr, sorted(gone))))
        self._missing = missing - gone

    def _tell(self, note: str) -> None:
        if note and note != self.note:
            _log.warning("Nothing is removed: %s.", note)
        self.note = note

    async def _may_list(self) -> bool:
        """Return whether the hub lists all users to the service: with a filter in the scope it would list a part."""
        return "list:users" in (await self._asked("user")).get("scopes", ())

    async def _users(self) -> frozenset[str]:
        """Return the names of all users.

        Raises
        ------
        HubUnreachableError
            If the hub does not list them, or users came or went meanwhile: parts would not be of one list.
        """
        names: list[str] = []
        totals: set[int] = set()
        offset: int | None = 0
        while offset is not None:
            part = await self._asked(f"users?limit={_PAGE}&offset={offset}")
            names += [user["name"] for user in part["items"]]
            totals.add(part["_pagination"]["total"])
            offset = (part["_pagination"]["next"] or {}).get("offset")
        if totals != {len(set(names))}:
            raise HubUnreachableError("JupyterHub's list of users changed while it was read.", advice="Read it again.")
        return frozenset(names)

    async def _asked(self, path: str) -> Any:
        auth = self._hub_auth
        accept = "application/jupyterhub-pagination+json"
        try:
            answer = await AsyncHTTPClient().fetch(
                f"{auth.api_url}/{path}",
                headers={"Authorization": f"token {auth.api_token}", "Accept": accept},
                request_timeout=_SECONDS,
                client_cert=auth.certfile or None,
                client_key=auth.keyfile or None,
                ca_certs=auth.client_ca or None,
            )
            return json.loads(answer.body)
        except (HTTPClientError, OSError, ValueError) as error:
            raise HubUnreachableError(
                f"JupyterHub does not list its users: {error}.", advice="Look at its log."
            ) from None
