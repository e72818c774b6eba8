"""The page for administrators: all of the hub's pools, what is used, and how servers start."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tornado.web import authenticated

from eessi_spawner.errors import AccessDeniedError, StoreError
from eessi_spawner.service.admin import DAYS
from eessi_spawner.service.admin_page import Recorded, render_admin
from eessi_spawner.service.handlers.base import ADMIN_SCOPE, is_admin
from eessi_spawner.service.handlers.software import PageHandler

# A name is one parameter of SQL's, of which SQLite takes some thousands.
_MOST_USERS = 500


class AdminHandler(PageHandler):
    """All at a glance."""

    @authenticated
    async def get(self) -> None:
        """Show it.

        Raises
        ------
        AccessDeniedError
            If the user is no administrator.
        """
        if not is_admin(self.current_user):
            raise AccessDeniedError(
                "This page is for administrators.",
                advice=f"A role with the scope {ADMIN_SCOPE} opens it; ask an administrator of this hub.",
            )
        try:
            recorded = await self.in_store(self._recorded)
        except StoreError as error:
            recorded = Recorded(problem=str(error))
        self.finish(
            await self.in_thread(
                render_admin,
                self.catalogue,
                self.parts.facts.told,
                recorded,
                self.surroundings(),
                problem=self.parts.keeper.problem,
            )
        )

    def _recorded(self) -> Recorded:
        spawns, since = self.parts.spawns, datetime.now(tz=timezone.utc) - timedelta(days=DAYS)
        started = spawns.started(since)
        users = sorted({one.user for one in started})[:_MOST_USERS]
        return Recorded(spawns.counts(since), started, spawns.titles(users), self.parts.database.count())
