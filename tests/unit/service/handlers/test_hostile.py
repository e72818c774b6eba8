"""Whatever is sent, the answer is no fault of the service, and says what was wrong in the words of all its answers."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eessi_spawner.service.application import API as API_PATH
from eessi_spawner.service.application import routes_below
from eessi_spawner.service.catalogue_keeper import CatalogueKeeper
from eessi_spawner.service.openapi import methods_of
from eessi_spawner.service.store.database import Database
from tests.unit.service.hub_double import API, PREFIX, Answered, Client, running_service

NASTY = [
    "<script>alert(1)</script>",
    "\u202eturned around\u200f",
    "nul \x00 inside",
    "x" * 10_000,
    "' OR 1=1 --",
    "../../etc/passwd",
    "%00%2e%2e",
    "\U0001f600 \ufdfa \u0301",
    "{{7*7}}${7*7}",
    "",
]
# Unpaired halves of letters are written as JSON can write them.
texts = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=()), max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["name", "title", "release", "modules", "language", "items", "pools", "environments"]
bodies = st.binary(max_size=200) | st.dictionaries(st.sampled_from(FIELDS) | texts, values, max_size=6) | values
NAMES = ["q", "release", "target", "accelerator", "offset", "limit", "generation", "language", "module", "environment"]
queries = st.lists(st.tuples(st.sampled_from(NAMES) | texts, texts), max_size=4)
headers = st.dictionaries(
    st.sampled_from(["Accept", "If-None-Match", "Content-Type", "Cookie", "X-XSRFToken", "Sec-Fetch-Mode", "Range"]),
    st.text(string.printable.strip(), max_size=80),
    max_size=3,
)
METHODS = [
    (pattern, method.upper())
    for pattern, handler, *_ in routes_below(PREFIX)
    for method in methods_of(handler)
    if "oauth_callback" not in pattern
]


@pytest.fixture(scope="module")
def service(keeper: CatalogueKeeper, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('store')}/service.sqlite")
    with running_service(keeper, database) as client:
        yield client
    database.close()


def address(pattern: str, part: str) -> str:
    """Return an address of *pattern*, or one beside it, with *part* where it has a group."""
    if "(" not in pattern:
        return pattern.removesuffix(".*")
    return f"{pattern.partition('(')[0]}{part}{pattern.rpartition(')')[2]}"


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def check(answer: Answered, path: str) -> None:
    assert answer.status < 500, (path, answer.text[:300])
    if answer.status >= 400 and path.startswith(PREFIX + API_PATH):
        assert answer.json.keys() == {"code", "message", "advice"}
    elif answer.status >= 400:
        assert answer.headers["Content-Type"].startswith(("text/html", "application/json")), path
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert "<script>alert" not in answer.text
    else:
        assert answer.text.isascii()


@dataclass(frozen=True)
class Request:
    route: tuple[str, str]
    part: str
    query: list[tuple[str, str]]
    body: object
    headers: dict[str, str]
    token: str


requests = st.builds(
    Request,
    route=st.sampled_from(METHODS),
    part=st.sampled_from(["0" * 32]) | texts,
    query=queries,
    body=bodies,
    headers=headers,
    token=st.sampled_from(["ada", "bob", "eve", "of-the-service"]),
)


@given(requests)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_is_too_strange(service: Client, request_: Request) -> None:
    pattern, method = request_.route
    asked = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in request_.query)
    path = f"{address(pattern, quoted(request_.part))}?{asked}"
    body = None if method == "GET" else request_.body
    check(service.ask(path, method, body=body, headers=request_.headers, token=request_.token), path)


@pytest.mark.parametrize("text", NASTY)
def test_a_name_of_any_kind_is_refused_or_kept_as_it_is(text: str, service: Client) -> None:
    modules = ["matplotlib/3.10.5-gfbf-2025b"]
    for body in ({"name": text, "modules": modules}, {"name": "n", "modules": [text]}, {"name": "n", "release": text}):
        answer = service.ask("environments", "POST", body=body)
        assert answer.status == 400
        check(answer, f"{API}environments")
    titled = service.ask("environments", "POST", body={"name": "titled", "title": text, "modules": modules})
    if titled.status == 201:
        service.ask(f"environments/{titled.json['id']}", "DELETE")
        assert titled.json["title"] == text.strip()
    else:
        assert titled.status == 400
