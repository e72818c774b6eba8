"""The page on which software is found, and the part of it that its script asks for."""

from __future__ import annotations

from datetime import datetime, timezone

from jupyterhub.services.auth import HubOAuthCallbackHandler
from tornado.web import authenticated

from eessi_spawner.errors import LoginRequiredError
from eessi_spawner.service.handlers.base import NothingHereHandler, ServiceHandler, TooLongHandler, is_admin
from eessi_spawner.service.page import Surroundings, render_fault, render_results, render_software, render_told
from eessi_spawner.service.parts import ServiceParts

_STATIC = ("environment.js", "service.css", "software.js")


class PageHandler(ServiceHandler):
    """A page: its style sheets and scripts are files of the service or of the hub, and nothing else runs in it."""

    @property
    def content_security_policy(self) -> str:
        """What JupyterHub's pages say, and stricter: no script stands in the page."""
        own = f"'self' {self.parts.hub_auth.hub_host}".strip()
        return f"{self.hub_policy}; default-src {own}; img-src {own} data:; base-uri 'none'"

    def surroundings(self, *, with_user: bool = True) -> Surroundings:
        """Return what the page stands in."""
        user = self.current_user if with_user else None
        return Surroundings(
            hub=f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}",
            prefix=self.hub_auth.base_url,
            static={name: self.static_url(name) for name in _STATIC},
            user=user["name"] if user else "",
            xsrf=self.xsrf_token.decode("ascii") if user else "",
            admin=is_admin(user) if user else False,
            origin=f"{self.request.protocol}://{self.request.host}",
        )

    def count_search(self) -> None:
        """Count what is looked for here, if anything is."""
        if any(self.arguments.get("q", ())):
            self.parts.metrics.count_search("page")

    def write_fault(self, fault: dict[str, str]) -> None:
        """Say on a page what went wrong."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(render_fault(fault, self.surroundings(with_user=False)))


class SoftwareHandler(PageHandler):
    """The page itself."""

    @authenticated
    async def get(self) -> None:
        """Show the form, and what was found."""
        self.count_search()
        today = datetime.now(tz=timezone.utc).date()
        page = (self.catalogue, self.arguments, self.surroundings(), today, self.pools_view())
        self.finish(await self.in_thread(render_software, *page))


class ResultsHandler(PageHandler):
    """What was found, for the page's script."""

    async def get(self) -> None:
        """Show it.

        Raises
        ------
        LoginRequiredError
            If the login has ended.
        """
        if self.current_user is None:
            raise LoginRequiredError("You are no longer logged in.", advice="Load the page again.")
        self.count_search()
        around, view = self.surroundings(with_user=False), self.pools_view()
        found = await self.answered(
            lambda catalogue, arguments: render_results(catalogue, arguments, around, view), also=view.key
        )
        self.finish(found + render_told(view))


class NoPageHandler(NothingHereHandler, PageHandler):
    """Any address that there is not: said on a page."""


class TooLongPageHandler(TooLongHandler, PageHandler):
    """A form that is longer than its address takes: said on a page."""


class LoginCallbackHandler(HubOAuthCallbackHandler):
    """Where JupyterHub sends people back to after they logged in."""

    def initialize(self) -> None:
        """Take the hub's authentication of this application."""
        parts: ServiceParts = self.settings["parts"]
        self.hub_auth = parts.hub_auth
