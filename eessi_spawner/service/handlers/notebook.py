"""Opens a module in a notebook: a page that says what comes, and its button, which keeps the environment and starts."""

from __future__ import annotations

from dataclasses import replace

import jupyterhub
from tornado.web import HTTPError, authenticated

from eessi_spawner.errors import AccessDeniedError
from eessi_spawner.service.draft import free_name
from eessi_spawner.service.handlers.software import PageHandler
from eessi_spawner.service.notebook import environment_of, same_kernel, spawn_link
from eessi_spawner.service.page import render_notebook
from eessi_spawner.service.question import Arguments, check_names, value_of
from eessi_spawner.stack.environments import Environment

# JupyterHub 6 tells the spawner's options from its own by this (`handlers/pages.py`, `_get_user_options`).
OPTION_PREFIX = "opt-" if jupyterhub.version_info >= (6,) else ""


class NotebookHandler(PageHandler):
    """One module of one release."""

    @authenticated
    async def get(self) -> None:
        """Say what would be started, and where."""
        environment = await self._environment(self.arguments)
        view = self.pools_view()
        self.finish(await self.in_thread(render_notebook, self.catalogue, environment, self.surroundings(), view))

    @authenticated
    async def post(self) -> None:
        """Keep the environment if the user has none that is the same kernel, and lead to the server's start."""
        arguments = {name: self.get_body_arguments(name) for name in self.request.body_arguments if name != "_xsrf"}
        environment = await self._environment(arguments)
        if self.current_user["kind"] != "user":
            raise AccessDeniedError("Only users have servers.", advice="Log in as a user.")
        kept = await self.in_store(self._kept, self.current_user["name"], environment)
        hub = f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}"
        self.redirect(spawn_link(hub, kept, OPTION_PREFIX), status=303)

    async def _environment(self, arguments: Arguments) -> Environment:
        check_names(arguments, ("module", "release"))
        module, release = value_of(arguments, "module"), value_of(arguments, "release")
        if not module or not release:
            raise HTTPError(404)
        return await self.in_thread(environment_of, self.catalogue, module, release)

    def _kept(self, owner: str, environment: Environment) -> Environment:
        saved = self.parts.database.of_owner(owner)
        if same := same_kernel(saved, environment):
            return same
        named = replace(environment, name=free_name(environment.name, [one.environment.name for one in saved]))
        return self.parts.database.add(owner, named).environment
