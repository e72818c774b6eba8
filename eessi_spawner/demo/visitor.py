"""A visitor to a hub, who does over HTTP what a person does in a browser."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status, the address it came from, its text."""

    status: int
    url: str
    text: str


@dataclass(frozen=True)
class FormField:
    """A field of a form as the page shows it."""

    name: str
    value: str
    kind: str
    checked: bool
    disabled: bool


class _Fields(HTMLParser):
    """Collects the input elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[FormField] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input" and values.get("name"):
            self.fields.append(
                FormField(
                    name=values["name"] or "",
                    value=values.get("value") or "",
                    kind=values.get("type") or "text",
                    checked="checked" in values,
                    disabled="disabled" in values,
                )
            )


def form_fields(page: str) -> list[FormField]:
    """Return the input fields of *page*."""
    parser = _Fields()
    parser.feed(page)
    return parser.fields


class Visitor:
    """One browser, with its cookies.

    Parameters
    ----------
    hub_url
        The address of the proxy, with a slash at its end.
    """

    def __init__(self, hub_url: str) -> None:
        self.url = hub_url
        self.name = ""
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies)
        )

    def request(
        self,
        path: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        """Ask for *path* and return the answer, whatever its status."""
        request = urllib.request.Request(
            urllib.parse.urljoin(self.url, path), data=data, headers=dict(headers or {}), method=method
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as response:
                return Answer(response.status, response.url, response.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.url or "", error.read().decode("utf-8", "replace"))

    def post_form(self, path: str, fields: Sequence[tuple[str, str]]) -> Answer:
        """Post *fields* to *path* as a browser does."""
        return self.request(path, data=urllib.parse.urlencode(fields).encode())

    def call(self, path: str, body: Any = None, *, method: str = "POST", token: str = "") -> Answer:
        """Call the REST API with *body* as JSON, by token where one is given, else by cookies."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"token {token}"
        else:
            headers |= {"X-XSRFToken": self._xsrf(path), "Referer": self.url}
        data = None if method == "GET" else json.dumps(body).encode()
        return self.request(path, data=data, headers=headers, method=method)

    def log_in(self, name: str) -> Answer:
        """Log in as *name* without a password."""
        page = self.request("hub/login?next=")
        xsrf = next((field.value for field in form_fields(page.text) if field.name == "_xsrf"), "")
        self.name = name
        return self.post_form("hub/login?next=", [("_xsrf", xsrf), ("username", name), ("password", "")])

    def spawn_form(self) -> Answer:
        """Return the page with the spawn form."""
        return self.request("hub/spawn")

    def spawn(self, fields: Sequence[tuple[str, str]]) -> Answer:
        """Post the spawn form; the answer is the progress page, or the form again with what is wrong."""
        xsrf = urllib.parse.quote(self._xsrf("hub/"))
        return self.post_form(f"hub/spawn?_xsrf={xsrf}", fields)

    def progress(self, token: str = "") -> Iterator[dict[str, Any]]:
        """Yield the events of the progress page until the server is ready or has failed; by token or by cookies."""
        path = f"hub/api/users/{urllib.parse.quote(self.name)}/server/progress"
        if token:
            headers = {"Authorization": f"token {token}"}
        else:
            headers = {"X-XSRFToken": self._xsrf("hub/"), "Referer": f"{self.url}hub/spawn-pending/"}
            path += f"?_xsrf={headers['X-XSRFToken']}"
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), headers=headers)
        with self._opener.open(request, timeout=_SECONDS) as stream:
            for line in stream:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    yield event
                    if event.get("ready") or event.get("failed"):
                        return

    def token(self) -> str:
        """Make an API token for this user, which their server takes too."""
        answer = self.call(f"hub/api/users/{urllib.parse.quote(self.name)}/tokens", {"note": "check"})
        if answer.status not in (200, 201):
            raise RuntimeError(f"no token: {answer.status} {answer.text[:500]}")
        return str(json.loads(answer.text)["token"])

    def _xsrf(self, path: str) -> str:
        self.request("hub/home" if path.startswith("hub/") else path)
        cookies = [cookie for cookie in self._cookies if cookie.name == "_xsrf"]
        wanted = "/hub/" if path.startswith("hub/") else "/" + re.sub(r"^(user/[^/]+/).*", r"\1", path)
        best = [cookie for cookie in cookies if cookie.path == wanted] or cookies
        return (best[-1].value or "") if best else ""
