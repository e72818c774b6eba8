"""The API as an OpenAPI document, made from the addresses and from what their handlers say of themselves. Pure.

The rules are those of OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1.html.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from http.client import responses
from typing import Any

from tornado.web import RequestHandler

from eessi_spawner import __version__
from eessi_spawner.service.described import Operation, operation_of
from eessi_spawner.service.schemas import SCHEMAS, ref

Json = dict[str, Any]
Route = Sequence[Any]

# What each address may answer: of a parameter, a login, a scope, a long body, a hub or database that is away.
_FAULTS = (400, 413, 503)
_FAULTS_OF_LOGIN = (401, 403)
_GROUP = re.compile(r"\(([^()]+)\)")
_DESCRIPTION = """\
Search the software of EESSI, and keep environments of its modules. Every fault is `{"code", "message", "advice"}`.
"""


def openapi(routes: Sequence[Route], api: str) -> Json:
    """Return the document of those *routes* that are below the address *api* and described.

    Parameters
    ----------
    routes
        As tornado takes them: a pattern, a handler, and the handler's own arguments.
    """
    paths: dict[str, Json] = {}
    for pattern, method, function in operations(routes):
        operation = operation_of(function)
        if pattern.startswith(api) and operation is not None:
            path, parameters = _path(pattern.removeprefix(api), function)
            paths.setdefault(f"/{path}", {})[method] = _operation(operation, f"{method}/{path}", parameters)
    return {
        "openapi": "3.1.0",
        "info": {"title": "EESSI on JupyterHub", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": api.rstrip("/")}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of JupyterHub with the scope access:services!service=NAME.",
                }
            },
        },
    }


def operations(routes: Sequence[Route]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield the pattern, the method, and what answers, of each method that the handlers of *routes* have."""
    for pattern, handler, *arguments in routes:
        for method in methods_of(handler):
            answer = arguments[0].get("answer") if arguments else None
            yield pattern, method, answer or getattr(handler, method)


def methods_of(handler: type[RequestHandler]) -> tuple[str, ...]:
    """Return the methods that *handler* answers, in lower case."""
    names = map(str.lower, RequestHandler.SUPPORTED_METHODS)
    return tuple(name for name in names if getattr(handler, name) is not getattr(RequestHandler, name))


def _path(pattern: str, function: Callable[..., Any]) -> tuple[str, list[Json]]:
    """Return *pattern* as OpenAPI writes it, and its parameters: they have the names that *function* gives them."""
    groups = _GROUP.findall(pattern)
    names = list(inspect.signature(function).parameters)[-len(groups) :] if groups else []
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{group}$"}}
        for name, group in zip(names, groups, strict=True)
    ]
    remaining = iter(names)
    return _GROUP.sub(lambda _: f"{{{next(remaining)}}}", pattern), parameters


def _operation(operation: Operation, place: str, parameters: list[Json]) -> Json:
    query = [{"name": name, "in": "query", "schema": dict(schema)} for name, schema in operation.query.items()]
    faults = {*_FAULTS, *operation.faults, *(_FAULTS_OF_LOGIN if operation.login else ())}
    found: Json = {
        "operationId": re.sub(r"\W+", "_", place).strip("_"),
        "summary": operation.summary,
        "parameters": [*parameters, *query],
        "responses": {str(operation.status): _answer(operation)},
        "security": [{"token": []}] if operation.login else [],
    }
    if "ETag" in operation.headers:
        found["responses"]["304"] = {"description": "What the client has, and named by If-None-Match, is still right."}
    for status in sorted(faults):
        found["responses"].setdefault(str(status), _fault(status))
    if operation.also:
        found["responses"][str(operation.also)] = _answer(operation)
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {operation.body_content: {"schema": operation.body}}}
    return found


def _answer(operation: Operation) -> Json:
    answer: Json = {"description": operation.summary}
    if operation.answer is not None:
        answer["content"] = {operation.content: {"schema": operation.answer}}
    if operation.headers:
        answer["headers"] = {
            name: {"description": words, "schema": {"type": "string"}} for name, words in operation.headers.items()
        }
    return answer


def _fault(status: int) -> Json:
    return {"description": responses[status], "content": {"application/json": {"schema": ref("Fault")}}}
