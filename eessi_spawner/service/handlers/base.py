"""What all requests have in common: who asks, headers, threads, and errors as `{code, message, advice}`."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from http.client import responses
from typing import Any, ParamSpec, TypeVar

from jupyterhub.services.auth import HubOAuthenticated, UserNotAllowed
from tornado.web import HTTPError, RequestHandler, stream_request_body

from eessi_spawner.errors import (
    AccessDeniedError,
    EESSIError,
    EnvironmentExistsError,
    HubUnreachableError,
    LoginRequiredError,
    StoreError,
    UnknownEnvironmentError,
)
from eessi_spawner.service.openapi import methods_of
from eessi_spawner.service.parts import ServiceParts
from eessi_spawner.service.pools import PoolsView, view_of
from eessi_spawner.service.question import Arguments
from eessi_spawner.stack.catalogue.index import Catalogue

P = ParamSpec("P")
T = TypeVar("T")

# An environment of fifty modules has ten thousand characters.
MAX_BODY = 64 * 1024
_DROPPED = 64 * 1024 * 1024
# A role gives it to who is no administrator of the hub (`c.JupyterHub.custom_scopes`).
ADMIN_SCOPE = "custom:eessi:admin"
# Of all other errors the request is the cause.
_STATUS: dict[type[EESSIError], int] = {
    LoginRequiredError: 401,
    AccessDeniedError: 403,
    UnknownEnvironmentError: 404,
    EnvironmentExistsError: 409,
    HubUnreachableError: 503,
    StoreError: 503,
}
_log = logging.getLogger(__name__)


class ServiceHandler(HubOAuthenticated, RequestHandler):
    """A request by somebody whom JupyterHub knows, and who may use the service."""

    current_user: Any
    most_bytes = MAX_BODY

    def initialize(self) -> None:
        """Take the hub's authentication of this application, not the process's only one."""
        self.hub_auth = self.parts.hub_auth

    @property
    def parts(self) -> ServiceParts:
        """What to answer with."""
        parts: ServiceParts = self.settings["parts"]
        return parts

    async def answered(self, answer: Callable[[Catalogue, Arguments], str], *, also: str = "") -> str:
        """Return what *answer* makes of the catalogue and this address: once, while the catalogue is the same.

        Parameters
        ----------
        also
            What else it depends on, as a text.
        """
        kept, address = self.parts.keeper.now, f"{self.request.uri}\n{also}"
        text = kept.answers.get(address)
        if text is None:
            text = await self.in_thread(answer, kept.catalogue, self.arguments)
            kept.answers.keep(address, text)
        return text

    def pools_view(self) -> PoolsView:
        """Return what whoever asks may know of the hub's node pools; where nobody has logged in, nothing."""
        user = self.current_user
        return view_of(self.parts.facts.told, user.get("groups") or ()) if user else PoolsView()

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that is asked now."""
        return self.parts.keeper.now.catalogue

    @property
    def arguments(self) -> Arguments:
        """What stands in the address after `?`."""
        return {name: self.get_query_arguments(name) for name in self.request.query_arguments}

    async def prepare(self) -> None:
        """Find out who asks, without blocking: JupyterHub's own way would wait for the hub in this thread.

        Raises
        ------
        HubUnreachableError
            If JupyterHub does not say.
        AccessDeniedError
            If they lack the scope.
        """
        self.check_length()
        try:
            model = await asyncio.wait_for(self.hub_auth.get_user(self, sync=False), self.parts.hub_seconds)
        except (HTTPError, asyncio.TimeoutError) as error:
            _log.warning("JupyterHub does not say who asks: %s", getattr(error, "log_message", "it does not answer"))
            raise HubUnreachableError(
                "JupyterHub does not say who you are: it does not answer as it should.",
                advice="Try again in a minute.",
            ) from None
        try:
            self.current_user = self.check_hub_user(model) if model else None
        except UserNotAllowed:
            raise AccessDeniedError(
                f"{model['name']} may not use this service.",
                advice=f"It needs one of the scopes {', '.join(sorted(self.hub_scopes))}; ask the administrator.",
            ) from None

    def check_length(self) -> None:
        """Refuse a body that is too long.

        Raises
        ------
        HTTPError
            With status 413.
        """
        if len(self.request.body) > self.most_bytes:
            raise HTTPError(413)

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what takes long in a thread, and return what it returns."""
        return await _call(self.parts.threads, partial(function, *args, **kwargs))

    async def in_store(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what waits for the database in a thread of its own kind, and return what it returns."""
        try:
            return await _call(self.parts.store_threads, partial(function, *args, **kwargs))
        except StoreError:
            self.parts.metrics.count_store_failure()
            raise

    def on_finish(self) -> None:
        """Count the request."""
        name = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(self).__name__.removesuffix("Handler")).lower()
        self.parts.metrics.count_request(name, self.get_status(), self.request.request_time())

    def set_default_headers(self) -> None:
        """Let answers be kept only by the browser, and asked for anew each time."""
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", self.content_security_policy)

    @property
    def hub_policy(self) -> str:
        """What JupyterHub lets all its pages say: nobody may frame them, and it hears of what was refused."""
        hub_auth = self.parts.hub_auth
        return f"frame-ancestors 'none'; report-uri {hub_auth.hub_host}{hub_auth.hub_prefix}security/csp-report"

    @property
    def content_security_policy(self) -> str:
        """What a browser may load for this answer: nothing, as for JupyterHub's API."""
        return f"{self.hub_policy}; default-src 'none'"

    def compute_etag(self) -> str | None:
        """Give no ETag but where an answer says so: hashing each answer says what the catalogue's hash does."""
        return None

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what nobody expected; what was refused on purpose is the answer."""
        if not isinstance(value, EESSIError):
            super().log_exception(typ, value, tb)

    def status_of(self, error: EESSIError) -> int:
        """Return the HTTP status that says what *error* is."""
        return _STATUS.get(type(error), 400)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer by what went wrong, and what to do."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, EESSIError):
            self.set_status(self.status_of(error))
            fault = {"code": error.code, "message": error.message, "advice": error.advice}
        else:
            fault = _fault(status_code, self.request.path)
        if self.get_status() == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        if status_code == 405:
            self.set_header("Allow", ", ".join(sorted(map(str.upper, methods_of(type(self))))))
        self.write_fault(fault)

    def write_fault(self, fault: dict[str, str]) -> None:
        """Write `{code, message, advice}`; pages write HTML instead."""
        self.write_json(fault)

    def write_json(self, answer: object) -> None:
        """Answer by JSON, in ASCII: no control character, no letter that turns the direction of text."""
        self.write_json_text(json.dumps(answer))

    def write_json_text(self, text: str) -> None:
        """Answer by what is JSON already."""
        self.set_header("Content-Type", "application/json")
        self.finish(text)


def is_admin(user: Mapping[str, Any]) -> bool:
    """Say whether JupyterHub's model of a *user* is of somebody who may see all of the service."""
    return bool(user.get("admin")) or ADMIN_SCOPE in user["scopes"]


async def _call(threads: Executor, function: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, function)


def _fault(status: int, path: str) -> dict[str, str]:
    """Return what to say of an error that tornado found, or that nobody expected."""
    if status >= 500:
        message, advice = "The service could not answer.", "Try again; its log says why."
    elif status == 404:
        message, advice = f"There is nothing at {path[:200]!r}.", "Look at the address."
    elif status == 413:
        message, advice = f"At most {MAX_BODY // 1024} KB are read.", "Send less."
    else:
        message, advice = f"The request cannot be answered: {responses.get(status, 'refused')}.", "Correct it."
    return {"code": responses.get(status, "refused").lower().replace(" ", "_"), "message": message, "advice": advice}


class ApiHandler(ServiceHandler):
    """A request of the API: who is not logged in is refused, not sent to a page."""

    async def prepare(self) -> None:
        """Let only those in whom JupyterHub knows.

        Raises
        ------
        LoginRequiredError
            If there is no token, or it is unknown.
        """
        await super().prepare()
        if self.current_user is None:
            raise LoginRequiredError(
                "JupyterHub does not know who asks: there is no token, or it is not valid.",
                advice="Send 'Authorization: token TOKEN' with a token of the hub's page /hub/token.",
            )


@stream_request_body
class TooLongHandler(ServiceHandler):
    """Any request that says that more comes than its address takes.

    What comes is dropped piece by piece, and then answered: who is still sending would not hear the answer. One who
    says that very much comes is answered at once, and cut off.
    """

    async def prepare(self) -> None:
        """Let all of it come, if that is not too long to wait for.

        Raises
        ------
        HTTPError
            If it is.
        """
        if int(self.request.headers["Content-Length"][:20]) > _DROPPED:
            raise HTTPError(413)
        connection: Any = self.request.connection
        connection.set_max_body_size(_DROPPED)

    def data_received(self, chunk: bytes) -> None:
        """Drop it."""

    async def _refuse(self) -> None:
        raise HTTPError(413)

    get = head = post = put = patch = delete = options = _refuse


class NothingHereHandler(ServiceHandler):
    """Any address of the API that there is not."""

    async def prepare(self) -> None:
        """Say so.

        Raises
        ------
        HTTPError
            Always.
        """
        raise HTTPError(404)
