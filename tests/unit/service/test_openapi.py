"""The document says what there is: no address and no method is forgotten."""

from __future__ import annotations

import re

from tornado.web import RequestHandler

from eessi_spawner.service.application import API, routes_below
from eessi_spawner.service.described import Operation, described, operation_of
from eessi_spawner.service.openapi import methods_of, openapi, operations
from eessi_spawner.service.schemas import SCHEMAS, TEXT
from tools import api_files

PREFIX = "/services/eessi/"
ROUTES = routes_below(PREFIX)
DOCUMENT = openapi(ROUTES, PREFIX + API)


def test_every_method_of_every_address_of_the_api_is_described() -> None:
    below = [(pattern, method, answer) for pattern, method, answer in operations(ROUTES) if API in pattern]
    assert not [f"{method} {pattern}" for pattern, method, answer in below if operation_of(answer) is None]
    assert len(below) == sum(len(item) for item in DOCUMENT["paths"].values())


def test_every_schema_is_used_and_every_one_that_is_used_is_there() -> None:
    used = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert used == set(SCHEMAS)


def test_the_page_of_the_api_is_as_made_now() -> None:
    assert api_files.PAGE.read_text(encoding="utf-8") == api_files.made_page(), "run make api"


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_a_part_of_a_path_has_the_name_that_the_method_gives_it_and_the_pattern_that_the_route_has() -> None:
    class Handler(RequestHandler):
        @described(Operation("Both", TEXT))
        def get(self, one: str, other: str) -> None: ...

    made = openapi([("/x/([0-9]+)/of/([^/]+)", Handler)], "/x/")
    parameters = made["paths"]["/{one}/of/{other}"]["get"]["parameters"]
    assert [(each["name"], each["schema"]["pattern"]) for each in parameters] == [
        ("one", "^[0-9]+$"),
        ("other", "^[^/]+$"),
    ]
    assert methods_of(Handler) == ("get",)
