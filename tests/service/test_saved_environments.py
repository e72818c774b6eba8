"""What users save at the service they get in servers: in the form, while servers run, and while the service is ill."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from eessi_spawner.demo.hub import DemoHub
from eessi_spawner.demo.kernel_client import run_cell
from eessi_spawner.demo.visitor import Answer, Visitor, form_fields
from eessi_spawner.stack.environments import make_environment
from tests.service.running import SERVICE, hub_with_service

pytestmark = pytest.mark.sample_stack

ENVIRONMENTS = f"{SERVICE}api/v1/environments"
MARKUP = {"name": "markup", "title": "My markup", "release": "2025.06", "modules": ["lxml/6.0.0-GCCcore-14.3.0"]}
ARRAYS = {
    "name": "arrays",
    "release": "2025.06",
    "modules": ["SciPy-bundle/2025.07-gfbf-2025b", "lxml/6.0.0-GCCcore-14.3.0"],
}
# EESSI has it, the sample does not.
NOT_HERE = {"name": "molecules", "release": "2023.06", "modules": ["GROMACS/2024.1-foss-2023b"]}
# What a person waits; without a limit it would be the 20 s of JupyterHub's own requests, or for ever.
SECONDS = 8


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub-with-saved")


@pytest.fixture(scope="module")
def hub(state: Path, artefacts: Path, sample_stack: Path) -> Iterator[DemoHub]:
    with hub_with_service("saved", state, artefacts, sample_stack) as running:
        yield running


@pytest.fixture(scope="module")
def ada(hub: DemoHub) -> Visitor:
    return visitor(hub, "ada")


def visitor(hub: DemoHub, name: str) -> Visitor:
    visitor = Visitor(hub.url)
    visitor.log_in(name)
    return visitor


def save(visitor: Visitor, environment: dict[str, Any]) -> Answer:
    answer = visitor.call(ENVIRONMENTS, environment, token=visitor.token())
    assert answer.status == 201, answer.text
    return answer


def kernel_of(environment: dict[str, Any]) -> str:
    return f"eessi-{make_environment(environment).key}"


def offered(visitor: Visitor) -> list[str]:
    fields = form_fields(visitor.spawn_form().text)
    return [field.value for field in fields if field.name == "environments" and not field.disabled]


def start(visitor: Visitor, *environments: str) -> list[dict[str, Any]]:
    fields = [("eessi-form", "1"), ("release", "2025.06"), *(("environments", name) for name in environments)]
    answer = visitor.spawn(fields)
    assert answer.status == 200, answer.text
    events = list(visitor.progress())
    assert events[-1].get("ready"), events
    return events


def kernels(visitor: Visitor) -> set[str]:
    answer = visitor.call(f"user/{visitor.name}/api/kernelspecs", method="GET", token=visitor.token())
    return {name for name in json.loads(answer.text)["kernelspecs"] if name.startswith("eessi-")}


def run(visitor: Visitor, kernel: str, code: str) -> str:
    token, server = visitor.token(), f"user/{visitor.name}/"
    started = json.loads(visitor.call(f"{server}api/kernels", {"name": kernel}, token=token).text)
    cell = asyncio.run(run_cell(f"{visitor.url}{server}", token, started["id"], code))
    visitor.call(f"{server}api/kernels/{started['id']}", method="DELETE", token=token)
    assert cell.status == "ok", cell.errors
    return cell.text


def until(there: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def service_of(hub: DemoHub) -> psutil.Process:
    children = psutil.Process(hub.process.pid).children(recursive=True)
    (service,) = (child for child in children if "eessi_spawner.service" in " ".join(child.cmdline()))
    return service


def spawns(state: Path, user: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(state / "eessi-service.sqlite")) as database:
        return list(database.execute("select result, code from spawns where user = ? order by at", (user,)))


def test_what_is_saved_is_in_the_form_and_a_server_starts_with_it(hub: DemoHub, ada: Visitor) -> None:
    before = offered(ada)
    save(ada, MARKUP)
    save(ada, NOT_HERE)
    until(lambda: "markup" in offered(ada), "it is not in the form")
    assert set(offered(ada)) - set(before) == {"markup"}
    assert "markup" not in offered(visitor(hub, "bob"))
    events = start(ada, "markup")
    assert any("My markup" in event["message"] for event in events)
    assert kernel_of(MARKUP) in kernels(ada)
    assert "2025.06" in run(ada, kernel_of(MARKUP), "import os; print(os.environ['EESSI_VERSION'])")


def test_what_is_saved_while_the_server_runs_is_a_kernel_there_until_it_is_removed(ada: Visitor) -> None:
    assert kernel_of(ARRAYS) not in kernels(ada)
    saved = json.loads(save(ada, ARRAYS).text)
    until(lambda: kernel_of(ARRAYS) in kernels(ada), "it does not become a kernel")
    assert run(ada, kernel_of(ARRAYS), "import numpy; print(numpy.arange(4).sum())").strip() == "6"
    assert kernel_of(NOT_HERE) not in kernels(ada)
    ada.call(f"{ENVIRONMENTS}/{saved['id']}", method="DELETE", token=ada.token())
    until(lambda: kernel_of(ARRAYS) not in kernels(ada), "the kernel stays")
    assert kernel_of(MARKUP) in kernels(ada)


def test_software_that_is_opened_is_a_kernel_of_the_server_that_it_starts_or_of_the_one_that_runs(hub: DemoHub) -> None:
    reader = visitor(hub, "reader")
    for module in ("lxml/6.0.0-GCCcore-14.3.0", "SciPy-bundle/2025.07-gfbf-2025b"):
        page = reader.request(f"{SERVICE}notebook?module={module}&release=2025.06")
        fields = [(field.name, field.value) for field in form_fields(page.text) if field.name]
        landed = reader.post_form(f"{SERVICE}notebook", fields)
        assert landed.status == 200, landed.text
        assert list(reader.progress())[-1].get("ready")
        kernel = kernel_of({"name": "opened", "release": "2025.06", "modules": [module]})
        until(lambda kernel=kernel: kernel in kernels(reader), f"{module} is no kernel")
    assert "2.3.2" in run(reader, kernel, "import numpy; print(numpy.__version__)")


def test_the_hub_reports_how_spawns_end(hub: DemoHub, ada: Visitor, state: Path) -> None:
    until(lambda: ("ready", "") in spawns(state, "ada"), "no report")
    eve = visitor(hub, "eve")
    eve.call("hub/api/users/eve/server", {"environments": ["nothing"]}, token=eve.token())
    until(lambda: spawns(state, "eve") == [("refused", "invalid_choice")], "no report")
    ada.call("hub/api/users/ada/server", method="DELETE", token=ada.token())
    until(lambda: spawns(state, "ada") == [("ready", ""), ("stopped", "")], "no report")


def test_a_service_that_hangs_delays_a_form_once_and_fails_no_spawn(hub: DemoHub, ada: Visitor, state: Path) -> None:
    bob = visitor(hub, "bob")
    service = service_of(hub)
    os.kill(service.pid, signal.SIGSTOP)
    try:
        # What was known last of ada, and nothing of bob.
        began = time.monotonic()
        assert "markup" in offered(ada)
        site = offered(bob)
        assert site
        assert time.monotonic() - began < SECONDS
        start(bob, site[0])
        assert spawns(state, "bob") == []
    finally:
        os.kill(service.pid, signal.SIGCONT)
    until(lambda: spawns(state, "bob") == [("ready", "")], "the report is lost")


def test_while_the_service_is_away_a_user_s_own_are_still_chosen(hub: DemoHub, ada: Visitor) -> None:
    service_of(hub).kill()
    start(ada, "markup")
    assert kernel_of(MARKUP) in kernels(ada)
    until(lambda: ada.request(f"{SERVICE}api/v1/health").status == 200, "JupyterHub does not start it again")


def test_no_log_has_a_token(hub: DemoHub, state: Path, artefacts: Path) -> None:
    tokens = {
        child.environ().get("JUPYTERHUB_API_TOKEN", "")
        for child in psutil.Process(hub.process.pid).children(recursive=True)
    } - {""}
    assert len(tokens) >= 3, "the service's and two servers'"
    texts = [log.read_text(errors="replace") for log in artefacts.glob("saved-jupyterhub-*.log")]
    assert not [token for token in tokens for text in texts if token in text]
    assert state.is_dir()
