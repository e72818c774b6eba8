"""Hubs whose servers are pods of a cluster, and people who use them."""

from __future__ import annotations

import asyncio
import html
import json
import os
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from eessi_spawner.demo.kernel_client import CellResult, run_cell
from eessi_spawner.demo.visitor import Visitor, form_fields
from tests.cluster.spawns.places import Place

CONFIG = Path(__file__).with_name("jupyterhub_config.py")
USER_IMAGE = "localhost/eessi-spawner/user:test"
PLAIN_IMAGE = "localhost/eessi-spawner/plain:test"
KERNELS_IMAGE = "localhost/eessi-spawner/kernels:test"

Json = Mapping[str, Any]


@contextmanager
def hub_on(  # noqa: PLR0913  (each by its name)
    place: Place,
    state: Path,
    *,
    log: Path,
    image: str = USER_IMAGE,
    spawner_class: str = "eessi",
    sections: Json | None = None,
    cleanup_servers: bool = True,
    debug: bool = True,
    hub_port: int | None = None,
    images: Path | None = None,
    **spawner: Any,
) -> Iterator[DemoHub]:
    """Run a hub at *place* whose spawner has the traits *spawner*; sidecars find repositories in *images*."""
    state.mkdir(exist_ok=True)
    settings = {
        "host_ip": place.host_ip,
        "namespace": place.namespace,
        "image": image,
        "spawner_class": spawner_class,
        "cleanup_servers": cleanup_servers,
        "hub_port": hub_port or free_port(),
        "log_level": "DEBUG" if debug else "INFO",
        "images": str(images or ""),
        "settings": {"EESSISpawner": spawner, **(sections or {})},
    }
    environ = {"EESSI_CLUSTER": json.dumps(settings), "KUBECONFIG": str(place.kubeconfig)}
    with (
        mock.patch.dict(os.environ, environ),
        running_hub(state, root="/cvmfs/software.eessi.io", port=free_port(), log=log, config=CONFIG) as hub,
    ):
        yield hub


class Hub(Protocol):
    """A hub that runs somewhere."""

    @property
    def url(self) -> str: ...


class Person:
    """Somebody who has logged in."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name
        self.visitor = Visitor(hub.url)
        # The answer is the page of a server, if one runs; whether the login succeeded, the token says.
        self.visitor.log_in(name)
        self.token = self.visitor.token()

    def choose(self, *environments: str, release: str = "all") -> list[str]:
        """Post the form with *environments* ticked, all where none is named; return what the person is told.

        That is what the progress page tells, or the form that comes back where a server is refused at once.
        """
        fields = form_fields(self.visitor.spawn_form().text)
        hidden = [(field.name, field.value) for field in fields if field.kind == "hidden"]
        offered = [field.value for field in fields if field.name == "environments"]
        ticked = [("environments", name) for name in environments or offered]
        answer = self.visitor.spawn([*hidden, ("release", release), *ticked])
        return self.told() if answer.status == 200 else [html.unescape(answer.text)]

    def ask(self, options: Json) -> int:
        """Ask for a server by REST; return the HTTP status."""
        return self.visitor.call(f"hub/api/users/{self.name}/server", options, token=self.token).status

    def told(self) -> list[str]:
        """Return what the progress page tells until the server is ready, or has failed."""
        try:
            return [event.get("message", "") for event in self.visitor.progress()]
        except urllib.error.HTTPError as error:
            # The start has ended already, and not well.
            with error:
                return [str(json.loads(error.read())["message"])]

    def is_ready(self) -> bool:
        model = json.loads(self.visitor.call(f"hub/api/users/{self.name}", method="GET", token=self.token).text)
        return bool(model["servers"].get("", {}).get("ready"))

    def is_there(self) -> bool:
        """Say whether there is a server, in whatever state."""
        model = json.loads(self.visitor.call(f"hub/api/users/{self.name}", method="GET", token=self.token).text)
        return "" in model["servers"]

    def stop(self) -> None:
        self.visitor.call(f"hub/api/users/{self.name}/server", method="DELETE", token=self.token)

    def kernels(self) -> dict[str, str]:
        """Return the titles of the EESSI kernels of this person's server, and their names."""
        specs = json.loads(self._ask_server("api/kernelspecs"))["kernelspecs"]
        return {
            spec["spec"]["display_name"]: name
            for name, spec in specs.items()
            if "eessi" in spec["spec"].get("metadata", {})
        }

    def start_kernel(self, name: str) -> str:
        """Start a kernel and return its id."""
        return str(json.loads(self._ask_server("api/kernels", {"name": name}))["id"])

    def run(self, kernel: str, code: str, *, seconds: float = 60) -> CellResult:
        """Run a cell."""
        server = f"{self.visitor.url}user/{self.name}/"
        return asyncio.run(run_cell(server, self.token, kernel, code, seconds=seconds))

    def running_kernels(self) -> list[str]:
        """Return the ids of all kernels that run."""
        return [found["id"] for found in json.loads(self._ask_server("api/kernels"))]

    def end_kernel(self, kernel: str) -> None:
        self.visitor.call(f"user/{self.name}/api/kernels/{kernel}", method="DELETE", token=self.token)

    def _ask_server(self, path: str, body: Json | None = None) -> str:
        method = "POST" if body else "GET"
        answer = self.visitor.call(f"user/{self.name}/{path}", body, method=method, token=self.token)
        assert answer.status < 300, answer.text
        return answer.text
