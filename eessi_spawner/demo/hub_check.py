"""Checks a hub by its API: starts a server for a user of its own, runs the example notebook there, and removes both.

`helm test` runs it beside the hub, with the token of a service that may do this for one user and nothing else. It needs
neither a form nor a password.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError

from eessi_spawner.demo.kernel_client import run_cell
from eessi_spawner.demo.visitor import Answer, Visitor
from eessi_spawner.errors import CheckFailedError, EESSIError, SetUpError

NOTEBOOK = Path(__file__).with_name("example.ipynb")
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105  # a variable's name
_CELL_SECONDS = 300.0
_STOP_SECONDS = 120.0
_POLL_SECONDS = 1.0


class HubCheck:
    """One check of a hub.

    Parameters
    ----------
    url
        Of the hub's proxy, with its base URL.
    user
        The name of the user that is made and removed.
    token
        With the scopes `admin:users`, `servers` and `access:servers` for this user; of a service of another name, since
        JupyterHub lets nobody remove a user of their own name.
    """

    def __init__(self, url: str, user: str, token: str) -> None:
        self._visitor = Visitor(url.rstrip("/") + "/")
        self._visitor.name = user
        self._token = token
        self._user = f"hub/api/users/{user}"
        self._server = f"{self._visitor.url}user/{user}/"

    def run(self) -> None:
        """Go through it, and print what each step answered; what was made is removed, whatever happens.

        Raises
        ------
        CheckFailedError
            If a step did not answer as it should.
        """
        # What a check that was killed has left.
        self._remove()
        try:
            self._ask("making the user", 201, path=self._user)
            self._ask("starting the server", 201, 202, path=f"{self._user}/server")
            self._watch()
            asyncio.run(self._run_notebook(self._start_kernel()))
        finally:
            self._remove()
        print("ok    the server and its user are removed")

    def _watch(self) -> None:
        """Print what the hub says of the start until the server is ready."""
        for event in self._visitor.progress(self._token):
            print(f"      {event.get('progress', 0):3} %  {event.get('message', '')}")
            if event.get("ready"):
                print("ok    the server is ready")
                return
        raise CheckFailedError("The server did not start.", advice="The last lines above say why.")

    def _start_kernel(self) -> str:
        """Start a Python kernel of EESSI, and return its id."""
        specs = self._read(f"{self._server}api/kernelspecs")["kernelspecs"].values()
        eessi = [spec for spec in specs if "eessi" in spec["spec"]["metadata"] and spec["spec"]["language"] == "python"]
        if not eessi:
            raise CheckFailedError(
                f"A kernel of EESSI was expected, and the server has {[spec['name'] for spec in specs]}.",
                advice="Look at /cvmfs in the server, and at its log: is the image's package or kernels_image there?",
            )
        # The names of most begin with the version of Python: the newest.
        chosen = max(eessi, key=lambda spec: str(spec["spec"]["display_name"]))
        print(f"ok    {len(eessi)} kernels of EESSI; the notebook runs in {chosen['spec']['display_name']}")
        answer = self._ask("starting a kernel", 201, path=f"{self._server}api/kernels", body={"name": chosen["name"]})
        return str(json.loads(answer.text)["id"])

    async def _run_notebook(self, kernel: str) -> None:
        for number, cell in enumerate(_cells(), start=1):
            result = await run_cell(self._server, self._token, kernel, cell, seconds=_CELL_SECONDS)
            print("\n".join(f"          {line}" for line in result.text.strip().splitlines()))
            if result.status != "ok":
                print("\n".join(result.errors))
                raise CheckFailedError(
                    f"Cell {number} of the notebook was expected to run, and did not.",
                    advice="Its error is above. The same notebook can be run by hand in a server.",
                )
        print("ok    the notebook ran")

    def _remove(self) -> None:
        """Stop the server, wait until it has stopped, and remove the user; nothing may be there."""
        deadline = time.monotonic() + _STOP_SECONDS
        self._visitor.call(f"{self._user}/server", method="DELETE", token=self._token)
        # JupyterHub removes no user whose server stops.
        while (answer := self._visitor.call(self._user, method="DELETE", token=self._token)).status not in (204, 404):
            if time.monotonic() > deadline:
                raise CheckFailedError(
                    f"The user {self._visitor.name} was expected to be removed within {_STOP_SECONDS:g} seconds, and"
                    f" {answer.status} came: {answer.text[:500]}",
                    advice="Look at its server in the hub's admin page, and at the token's scopes.",
                )
            time.sleep(_POLL_SECONDS)

    def _read(self, path: str) -> Any:
        return json.loads(self._ask("reading", 200, path=path, method="GET").text)

    def _ask(self, what: str, *expected: int, path: str, body: Any = None, method: str = "POST") -> Answer:
        answer = self._visitor.call(path, body, method=method, token=self._token)
        if answer.status not in expected:
            raise CheckFailedError(
                f"{what.capitalize()} ({path}) was expected to be answered by {expected[0]}, and {answer.status} came:"
                f" {answer.text[:500]}",
                advice="With 403, look at the roles in the hub's values; else at the hub's log.",
            )
        return answer


def _cells() -> list[str]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the hub that the arguments name, and return 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(prog="python -m eessi_spawner.demo.hub_check", description=__doc__)
    parser.add_argument("--url", required=True, help="the hub's proxy with its base URL, such as http://proxy-public/")
    parser.add_argument("--user", required=True, help="the user that is made and removed")
    parsed = parser.parse_args(arguments)
    try:
        token = os.environ.get(TOKEN_VARIABLE)
        if not token:
            raise SetUpError(
                f"{TOKEN_VARIABLE} was expected to hold a token, and is empty.",
                advice="Give it one of a service with the rights of jupyterhub-values.yaml.",
            )
        HubCheck(parsed.url, parsed.user, token).run()
    except EESSIError as error:
        print(f"FAIL  {error}")
        return 1
    except (URLError, OSError, asyncio.TimeoutError) as error:
        print(f"FAIL  {parsed.url} does not answer as it should: {getattr(error, 'reason', error) or 'too late'}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
