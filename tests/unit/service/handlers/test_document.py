"""The service does what its document says, tried with what is allowed and with what is not by schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import schemathesis

from eessi_spawner.service.application import API, routes_below
from eessi_spawner.service.openapi import openapi
from tests.unit.service.hub_double import PREFIX, Client

CONFIG = Path(__file__).with_name("schemathesis.toml")
DOCUMENT = openapi(routes_below(PREFIX), PREFIX + API)


def test_the_document_is_served_to_everybody_and_is_openapi(service: Client) -> None:
    assert service.ask("openapi.json", token="").json == DOCUMENT
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_schemathesis_finds_nothing(service: Client, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{service.port}{PREFIX}{API}openapi.json"
    options = ["--header", "Authorization: Bearer ada", "--checks", "all", "--max-examples", "20", "--seed", "1"]
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", address, *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # All but the document itself.
    assert f"Tested: {sum(map(len, DOCUMENT['paths'].values())) - 1}\n" in ended.stdout
