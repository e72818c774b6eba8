"""The page of a user's own environments, what its buttons do, and what newer releases would break of them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from tornado.web import authenticated

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.placement.facts import recommended_to
from eessi_spawner.service.environment_file import MOST_BYTES, read_entries
from eessi_spawner.service.environment_page import Own, render_environments, render_newer, render_shared
from eessi_spawner.service.handlers.forms import OwnPageHandler
from eessi_spawner.service.handlers.notebook import OPTION_PREFIX
from eessi_spawner.service.question import check_names, value_of
from eessi_spawner.service.renewal import newer_releases, renew
from eessi_spawner.service.store.keeping import Kept, keep_copy, keep_entries
from eessi_spawner.service.store.links import Links
from eessi_spawner.service.store.removed import Removed
from eessi_spawner.stack.environments import Environment, make_environment


class EnvironmentsPageHandler(OwnPageHandler):
    """All of a user."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        check_names(self.arguments, ("done", "id"))
        await self.show()

    async def show(self, kept: tuple[Kept, ...] = ()) -> None:
        """Show them, and what became of an imported file's entries."""
        database = self.parts.database
        own = Own(
            saved=await self.in_store(database.of_owner, self.owner),
            links=await self.in_store(Links(database).of_owner, self.owner),
            removed=await self.in_store(Removed(database).of_owner, self.owner),
            done=value_of(self.arguments, "done"),
            about=value_of(self.arguments, "id"),
            kept=kept,
            view=self.pools_view(),
            option_prefix=OPTION_PREFIX,
        )
        page = await self.in_thread(render_environments, self.catalogue, self.surroundings(), own, self.recommended())
        self.finish(page)

    def recommended(self) -> tuple[Environment, ...]:
        """Return the site's environments that the user may use, as far as the hub told them."""
        told = self.parts.facts.told
        return recommended_to(self.current_user.get("groups") or (), told.facts) if told else ()

    def see_done(self, done: str, key: str = "") -> None:
        """Send the browser on to all of them, to say there what was *done*, beside the one whose id is *key*."""
        fields = urlencode({"done": done, "id": key} if key else {"done": done})
        self.see(f"environments?{fields}{'#' + key if key else ''}")


class ImportPageHandler(EnvironmentsPageHandler):
    """A file that is imported."""

    # What stands around the file in a form.
    most_bytes = MOST_BYTES + 4096

    async def get(self) -> None:
        """Show the page that the form is of: somebody loads the answer again."""
        self.see("environments")

    async def post(self) -> None:
        """Save what can be saved of it, and say of each entry what became of it."""
        entries = await self.in_thread(read_entries, self.catalogue, self.file("file"))
        await self.show(await self.in_store(keep_entries, self.parts.database, self.owner, entries))


class ActionHandler(EnvironmentsPageHandler):
    """A button beside one environment; each is a method."""

    async def get(self, *_: str) -> None:
        """Show all of them: somebody loads the answer again after a login."""
        self.see("environments")

    async def post(self, key: str, action: str) -> None:
        """Do it, and show all of them."""
        await getattr(self, f"_{action}")(key)

    async def _copy(self, key: str) -> None:
        saved = await self.in_store(self.parts.database.find, self.owner, key)
        copy = await self.in_store(keep_copy, self.parts.database, self.owner, saved.environment)
        self.see_done("copied", copy.id)

    async def _rename(self, key: str) -> None:
        check_names(self.fields, ("name", "title"))
        saved = await self.in_store(self.parts.database.find, self.owner, key)
        names = {name: value_of(self.fields, name).strip() for name in ("name", "title")}
        environment = make_environment({**saved.environment.to_json(), **names})
        await self.in_store(self.parts.database.replace, self.owner, key, environment)
        self.see_done("renamed", key)

    async def _share(self, key: str) -> None:
        await self.in_store(Links(self.parts.database).share, self.owner, key)
        self.see_done("shared", key)

    async def _withdraw(self, key: str) -> None:
        await self.in_store(Links(self.parts.database).withdraw, self.owner, key)
        self.see_done("withdrawn", key)

    async def _remove(self, key: str) -> None:
        await self.in_store(self.parts.database.remove, self.owner, key)
        self.see("environments")

    async def _restore(self, key: str) -> None:
        await self.in_store(Removed(self.parts.database).restore, self.owner, key)
        self.see_done("restored", key)

    async def _renew(self, key: str) -> None:
        release = value_of(self.fields, "release")
        saved = await self.in_store(self.parts.database.find, self.owner, key)
        environment = saved.environment
        if release not in newer_releases(self.catalogue, environment.release):
            raise InvalidChoiceError(
                f"EESSI has no release {release[:20]!r} that is newer than {environment.release}.",
                advice="Choose one on the page of newer releases.",
            )
        renewal = await self.in_thread(renew, self.catalogue, environment, release)
        if not renewal.modules:
            raise InvalidChoiceError(
                f"Nothing in EESSI {release} takes the place of this environment.", advice="Make a new one."
            )
        newer = replace(
            environment,
            name=f"{environment.name[: 63 - len(release)]}-{release}",
            title=f"{environment.title[: 97 - len(release)]} ({release})",
            release=release,
            modules=renewal.modules,
        )
        copy = await self.in_store(keep_copy, self.parts.database, self.owner, newer)
        self.see_done("copied", copy.id)


ACTIONS = ("copy", "rename", "share", "withdraw", "remove", "restore", "renew")


class NewerPageHandler(OwnPageHandler):
    """What a newer release would break."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        check_names(self.arguments, ())
        saved = await self.in_store(self.parts.database.of_owner, self.owner)
        self.finish(await self.in_thread(render_newer, self.catalogue, self.surroundings(), saved))


class SharedPageHandler(EnvironmentsPageHandler):
    """What somebody's link leads to."""

    @authenticated
    async def get(self, token: str) -> None:
        """Show it."""
        check_names(self.arguments, ())
        saved = await self.in_store(Links(self.parts.database).find, token)
        self.finish(await self.in_thread(render_shared, self.catalogue, self.surroundings(), saved))

    async def post(self, token: str) -> None:
        """Save a copy."""
        saved = await self.in_store(Links(self.parts.database).find, token)
        copy = await self.in_store(keep_copy, self.parts.database, self.owner, saved.environment)
        self.see_done("copied", copy.id)
