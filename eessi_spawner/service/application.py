"""The application: which address is answered by what."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from eessi_spawner.service import answers
from eessi_spawner.service.handlers.admin import AdminHandler
from eessi_spawner.service.handlers.base import MAX_BODY, NothingHereHandler, ServiceHandler, TooLongHandler
from eessi_spawner.service.handlers.catalogue import CatalogueHandler
from eessi_spawner.service.handlers.document import DocumentHandler
from eessi_spawner.service.handlers.editor import EditorHandler, EditorPartHandler
from eessi_spawner.service.handlers.environments import EnvironmentHandler, EnvironmentsHandler
from eessi_spawner.service.handlers.hub import HubHandler, SpawnsHandler, UsersEnvironmentsHandler
from eessi_spawner.service.handlers.me import ExportHandler, MeHandler
from eessi_spawner.service.handlers.metrics import MetricsHandler
from eessi_spawner.service.handlers.notebook import NotebookHandler
from eessi_spawner.service.handlers.own_environments import (
    ACTIONS,
    ActionHandler,
    EnvironmentsPageHandler,
    ImportPageHandler,
    NewerPageHandler,
    SharedPageHandler,
)
from eessi_spawner.service.handlers.pools import OffersHandler, PoolsHandler
from eessi_spawner.service.handlers.sharing import (
    CheckHandler,
    CopyHandler,
    ExportFileHandler,
    ImportHandler,
    RestoreHandler,
    SharedHandler,
    ShareHandler,
)
from eessi_spawner.service.handlers.software import (
    LoginCallbackHandler,
    NoPageHandler,
    PageHandler,
    ResultsHandler,
    SoftwareHandler,
    TooLongPageHandler,
)
from eessi_spawner.service.handlers.state import HealthHandler, VersionHandler
from eessi_spawner.service.openapi import openapi
from eessi_spawner.service.parts import ServiceParts

# What the API's addresses begin with, below the service's own prefix.
API = "api/v1/"
# The API's addresses that are answered from the catalogue alone.
ANSWERS = {
    "releases": answers.releases,
    "targets": answers.targets,
    "modules": answers.modules,
    "modules/([^/]+)": answers.module,
    "modules/([^/]+)/([^/]+)": answers.version,
    "search": answers.found,
}
_ID = "[0-9a-f]{32}"
_LINK = "[A-Za-z0-9_-]{1,43}"


def routes_below(prefix: str) -> list[Any]:
    """Return all addresses, each with what answers it; *prefix* begins them, and ends with a slash."""
    api = f"{prefix}{API}"
    return [
        (prefix, SoftwareHandler),
        (f"{prefix}results", ResultsHandler),
        (f"{prefix}notebook", NotebookHandler),
        (f"{prefix}admin", AdminHandler),
        (f"{prefix}metrics", MetricsHandler),
        (f"{prefix}oauth_callback", LoginCallbackHandler),
        (f"{prefix}environments", EnvironmentsPageHandler),
        (f"{prefix}environments/new", EditorHandler),
        (f"{prefix}environments/part", EditorPartHandler),
        (f"{prefix}environments/import", ImportPageHandler),
        (f"{prefix}environments/({_ID})", EditorHandler),
        (f"{prefix}environments/({_ID})/({'|'.join(ACTIONS)})", ActionHandler),
        (f"{prefix}shared/({_LINK})", SharedPageHandler),
        (f"{prefix}releases", NewerPageHandler),
        (f"{api}health", HealthHandler),
        (f"{api}version", VersionHandler),
        (f"{api}openapi.json", DocumentHandler),
        *((api + path, CatalogueHandler, {"answer": answer}) for path, answer in ANSWERS.items()),
        (f"{api}environments", EnvironmentsHandler),
        (f"{api}environments/check", CheckHandler),
        (f"{api}environments/export", ExportFileHandler),
        (f"{api}environments/import", ImportHandler),
        (f"{api}environments/({_ID})", EnvironmentHandler),
        (f"{api}environments/({_ID})/copy", CopyHandler),
        (f"{api}environments/({_ID})/share", ShareHandler),
        (f"{api}environments/({_ID})/restore", RestoreHandler),
        (f"{api}shared/({_LINK})", SharedHandler),
        (f"{api}pools", PoolsHandler),
        (f"{api}offers", OffersHandler),
        (f"{api}hub", HubHandler),
        (f"{api}spawns", SpawnsHandler),
        (f"{api}users/([^/]+)/environments", UsersEnvironmentsHandler),
        (f"{api}me", MeHandler),
        (f"{api}me/export", ExportHandler),
        (f"{api}.*", NothingHereHandler),
    ]


class ServiceApplication(Application):
    """Tornado's, but that long bodies are refused before they are read."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return what answers *request*."""
        found = super().find_handler(request, **kwargs)
        length = request.headers.get("Content-Length", "")
        handler = getattr(found, "handler_class", ServiceHandler)
        most = getattr(handler, "most_bytes", MAX_BODY)
        if length.isascii() and length.isdigit() and int(length[:20]) > most:
            is_page = issubclass(handler, PageHandler)
            return self.get_handler_delegate(request, TooLongPageHandler if is_page else TooLongHandler)
        return found


def make_application(parts: ServiceParts) -> Application:
    """Return the application that answers with *parts*."""
    prefix = parts.hub_auth.base_url
    routes = routes_below(prefix)
    return ServiceApplication(
        routes,
        default_handler_class=NoPageHandler,
        static_path=str(Path(__file__).with_name("static")),
        static_url_prefix=f"{prefix}static/",
        # Of this process alone: after a restart JupyterHub logs people in again, without a question.
        cookie_secret=os.urandom(32),
        parts=parts,
        document=json.dumps(openapi(routes, f"{prefix}{API}")),
    )
