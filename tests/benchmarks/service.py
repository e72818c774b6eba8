"""What the service takes for its answers, beside a bare tornado handler with the same bytes and the same login check.

`python -m tests.benchmarks.service`: servers and their client are processes of their own, and take turns.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from eessi_spawner.demo.hub import free_port
from eessi_spawner.stack.catalogue.bundled import bundled_catalogue
from tests.benchmarks.load import Asked, as_fast_as_can_be, at_a_pace, request_for
from tests.benchmarks.table import Table
from tests.unit.service.hub_double import PREFIX, HubDouble, loop_in_thread, model

PEOPLE = 500
SLOWEST_TIMES, LEAST_RATE, LONGEST_MS = 3.0, 0.5, 20.0
_ROUNDS = 3
_SECONDS = 8
_AT_ONCE, _REQUESTS = 50, 150
_API = f"{PREFIX}api/v1/"
_Plan = Sequence[Sequence[bytes]]


def addresses() -> list[str]:
    """Return what people ask for: the letters of names as they type them, parts of lists, their environments."""
    names = sorted(bundled_catalogue().rows_of_software)[::40]
    typed = [name[:length].lower() for name in names for length in (2, 4, len(name))]
    return [
        *(f"{PREFIX}results?q={word}" for word in typed),
        *(f"{_API}search?q={word}&limit=20" for word in typed),
        *(f"{_API}modules?limit=50&offset={offset}" for offset in range(0, 500, 50)),
        *[f"{_API}releases", f"{_API}targets", f"{_API}environments"] * 10,
    ]


def slowest() -> list[bytes]:
    """Return requests that are the most work: long answers, long bodies, and those that are refused."""
    many = [f"matplotlib/3.{number}-gfbf-2025b" for number in range(50)]
    bodies = [
        json.dumps({"name": "many", "modules": many}).encode(),
        b'{"name":' * 8000,
        b"[" * 60_000,
        json.dumps({"name": "x" * 60_000}).encode(),
        b'{"modules": [' + b'"a/1",' * 9000 + b'"a/1"]}',
    ]
    posted = ("environments", "environments/check", "environments/import")
    queries = ["e", "a", "py", "%20".join("abcdefghij"), "x" * 10_000, "%E2%80%AE%00" * 100, "python%20numpy%20scipy"]
    return [
        *(request_for(f"{_API}search?q={query}&limit=200", "user0") for query in queries),
        *(request_for(f"{PREFIX}?q={query}", "user0") for query in queries),
        request_for(f"{_API}modules?limit=200", "user0"),
        request_for(f"{_API}openapi.json", "user0"),
        request_for(f"{_API}me/export", "user0"),
        *(request_for(f"{_API}{path}", "user0", body) for path in posted for body in bodies),
    ]


@contextmanager
def hub() -> Iterator[int]:
    """Run the addresses of JupyterHub that say whose a token is; yield their port."""
    double = HubDouble(models={f"user{number}": model(f"user{number}") for number in range(PEOPLE)})

    async def serve() -> int:
        [socket] = bind_sockets(0, "127.0.0.1")
        HTTPServer(double.application()).add_socket(socket)
        port: int = socket.getsockname()[1]
        return port

    with loop_in_thread() as loop:
        yield asyncio.run_coroutine_threadsafe(serve(), loop).result()


@contextmanager
def server(module: str, hub_port: int, directory: Path, *arguments: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run a server as JupyterHub would; yield its port, and the process."""
    port = free_port()
    environ = {
        **os.environ,
        "JUPYTERHUB_SERVICE_NAME": "eessi",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub_port}/hub/api",
        "JUPYTERHUB_API_TOKEN": "of-the-service",
        "JUPYTERHUB_CLIENT_ID": "service-eessi",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services!service=eessi"]',
        "EESSI_SERVICE_DATABASE": f"sqlite:///{directory}/service.sqlite",
        "EESSI_SPAWNER_CATALOGUE_DIR": str(directory / "catalogue"),
    }
    log = directory / f"{module}.log"
    command = [sys.executable, "-m", module, *([str(port), *arguments] if arguments else [])]
    with log.open("w") as errors:
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True)
    with process:
        while "Serving" not in log.read_text(errors="replace"):
            assert process.poll() is None, log.read_text(errors="replace")
        try:
            yield port, process
        finally:
            process.send_signal(signal.SIGTERM)


def plan(asked: Sequence[str], people: int, each: int) -> _Plan:
    """Return what each of *people* asks for, by chance but the same in each run."""
    chance = random.Random(each)  # noqa: S311  # not for secrets
    return [[request_for(chance.choice(asked), f"user{number}") for _ in range(each)] for number in range(people)]


def measure(directory: Path) -> list[Table]:
    asked = addresses()
    with hub() as hub_port:
        with server("eessi_spawner.service", hub_port, directory) as (port, process):
            kept = directory / "answers.json"
            kept.write_text(json.dumps({address: _answer(port, address) for address in asked}), encoding="utf-8")
            with server("tests.benchmarks.bare_service", hub_port, directory, str(kept)) as (bare, _):
                beside = _beside({"service": port, "bare handler": bare}, asked)
            resident = psutil.Process(process.pid).memory_info().rss / 2**20
            beside.remarks.append(f"memory of the service after it: {resident:.0f} MiB")
        return [beside, _loop(hub_port, directory, asked)]


def _beside(ports: dict[str, int], asked: Sequence[str]) -> Table:
    paced: dict[str, list[Asked]] = {name: [] for name in ports}
    full: dict[str, list[Asked]] = {name: [] for name in ports}
    # JupyterHub says once in five minutes whose a token is: that is not what is compared.
    for port in ports.values():
        as_fast_as_can_be(port, plan(asked, PEOPLE, 1))
    for _ in range(_ROUNDS):
        for name, port in ports.items():
            paced[name].append(at_a_pace(port, plan(asked, PEOPLE, _SECONDS)))
            full[name].append(as_fast_as_can_be(port, plan(asked, _AT_ONCE, _REQUESTS)))
    columns = ("", "median ms", "99th percentile ms", "answers a second at most", "refused")
    table = Table(f"{PEOPLE} people at one request a second each, median of {_ROUNDS} rounds", columns)
    for name in ports:
        times = (statistics.median(one.percentile(part) for one in paced[name]) * 1000 for part in (0.5, 0.99))
        rate = statistics.median(one.rate for one in full[name])
        refused = sum(one.bad for one in paced[name] + full[name])
        table.rows.append((name, *(f"{each:.2f}" for each in times), f"{rate:.0f}", str(refused)))
        table.bound(f"requests that the {name} refused", refused, 0)
    ours, bare = ports
    slower = _ratio([one.percentile(0.99) for one in paced[ours]], [one.percentile(0.99) for one in paced[bare]])
    table.bound("99th percentile, times the bare handler's", slower, SLOWEST_TIMES)
    fewer = _ratio([one.rate for one in full[bare]], [one.rate for one in full[ours]])
    table.bound("rate of the bare handler at most, times ours", fewer, 1 / LEAST_RATE)
    return table


def _loop(hub_port: int, directory: Path, asked: Sequence[str]) -> Table:
    """Watch the event loop of a new service, which has kept no answers, under that load and the slowest requests."""
    with server("tests.benchmarks.watched_service", hub_port, directory) as (port, process):
        # What it does before it serves keeps nobody waiting.
        _answer(port, f"{_API}health")
        process.send_signal(signal.SIGUSR1)
        at_a_pace(port, plan(asked, PEOPLE, _SECONDS))
        as_fast_as_can_be(port, [slowest()] * 4)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        longest = json.loads(process.stdout.read())
    table = Table("The longest callbacks on the event loop", ("CPU ms", "callback"))
    table.rows = [(str(spent), name[:100]) for spent, name in longest]
    table.bound("CPU time of the longest, in ms", longest[0][0], LONGEST_MS)
    return table


def _ratio(values: Sequence[float], beside: Sequence[float]) -> float:
    return statistics.median(value / other for value, other in zip(values, beside, strict=True))


def _answer(port: int, address: str) -> str:
    headers = {"Authorization": "token user0"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{address}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # http, written above
        return str(answer.read().decode())


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="eessi-benchmarks-") as directory:
        tables = measure(Path(directory))
    for table in tables:
        sys.stdout.write(f"{table}\n\n")
    return int(any(table.broken for table in tables))


if __name__ == "__main__":
    sys.exit(main())
