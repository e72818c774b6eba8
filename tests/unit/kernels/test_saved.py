"""What a user saves while the server runs becomes a kernel, and goes when it is saved no longer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from eessi_spawner.kernels import saved as module
from eessi_spawner.kernels.saved import SavedKernels
from eessi_spawner.kernels.settings import KernelSettings
from eessi_spawner.stack.environments import Environment, make_environment
from eessi_spawner.stack.host import read_host

TOKEN = "the-server-s-own"
KERNEL = "jupyter-server/2.17.0-GCCcore-14.3.0"
PLOTS = {"name": "plots", "title": "Plots", "release": "2025.06", "modules": [KERNEL, "matplotlib/3.10.5-gfbf-2025b"]}
PLAIN = {"name": "plain", "title": "Plain", "release": "2025.06", "modules": [KERNEL]}
OLD = {**PLAIN, "name": "old", "release": "2023.06"}
NOT_THERE = {**PLAIN, "name": "less", "modules": [KERNEL, "SciPy-bundle/2025.07-gfbf-2025b"]}
FROM_THE_FUTURE = {**PLAIN, "language": "julia"}


@dataclass
class Double:
    """The service's answer; the real one cannot fail on request. That both agree is tested in tests/service."""

    items: list[dict[str, Any]] = field(default_factory=list)
    etags: bool = True
    status: int = 200
    nonsense: bytes = b""
    asked: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@asynccontextmanager
async def serving(double: Double) -> AsyncIterator[str]:
    class Handler(RequestHandler):
        def compute_etag(self) -> str | None:
            return super().compute_etag() if double.etags else None

        def get(self) -> None:
            double.asked.append(dict(self.request.headers))
            self.set_status(double.status, "Told")
            self.finish(double.nonsense or json.dumps({"items": double.items}))

        def on_finish(self) -> None:
            double.statuses.append(self.get_status())

    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/s/api/v1/environments", Handler)], log_function=lambda _handler: None))
    server.add_sockets(sockets)
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}/s/"
    server.stop()
    await server.close_all_connections()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A stack of two releases, of which one has what makes plots."""
    target = read_host().chain[-1].path
    for release, modules in (("2025.06", PLOTS["modules"]), ("2023.06", [KERNEL])):
        build = tmp_path / "versions" / release / "software" / "linux" / target
        files = [tmp_path / f"init/modules/EESSI/{release}.lua", *(build / f"modules/all/{one}.lua" for one in modules)]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        (build / "software").mkdir()
    return tmp_path


@dataclass
class Shown:
    """What became kernels, each time."""

    names: list[list[str]] = field(default_factory=list)
    keys: list[set[str]] = field(default_factory=list)

    def __call__(self, saved: Collection[str], runnable: Sequence[Environment]) -> None:
        self.keys.append(set(saved))
        self.names.append([environment.name for environment in runnable])


Claim = Callable[[Double, SavedKernels, Shown], Awaitable[None]]


@pytest.fixture
def with_double(root: Path) -> Callable[[Claim], None]:
    def run(claim: Claim) -> None:
        async def ask() -> None:
            double, shown = Double([PLOTS]), Shown()
            async with serving(double) as address:
                settings = KernelSettings(root=str(root), service=address)
                log = logging.getLogger("test_saved")
                await claim(double, SavedKernels(settings, TOKEN, read_host().chain, shown, log), shown)

        asyncio.run(ask())

    return run


def test_what_is_saved_is_shown_when_it_changes_and_asked_for_by_its_etag(with_double: Callable[[Claim], None]) -> None:
    async def claim(double: Double, kernels: SavedKernels, shown: Shown) -> None:
        for items in ([PLOTS], [PLOTS], [PLOTS, OLD], []):
            double.items = items
            await kernels.look()
        assert shown.names == [["plots"], ["plots", "old"], []]
        assert double.statuses == [200, 304, 200, 200]
        assert {headers["Authorization"] for headers in double.asked} == {f"token {TOKEN}"}

    with_double(claim)


def test_without_etags_the_same_answer_is_no_news(with_double: Callable[[Claim], None]) -> None:
    async def claim(double: Double, kernels: SavedKernels, shown: Shown) -> None:
        double.etags = False
        for _ in range(3):
            await kernels.look()
        assert shown.names == [["plots"]]

    with_double(claim)


def test_shown_is_what_the_stack_here_has_each_kernel_once_and_kept_is_all_that_is_saved(
    with_double: Callable[[Claim], None],
) -> None:
    async def claim(double: Double, kernels: SavedKernels, shown: Shown) -> None:
        double.items = [NOT_THERE, PLAIN, {**PLAIN, "name": "again"}, FROM_THE_FUTURE, OLD]
        await kernels.look()
        assert shown.names == [["plain", "old"]]
        assert shown.keys == [{make_environment(item).key for item in (NOT_THERE, PLAIN, OLD)}]

    with_double(claim)


@pytest.mark.parametrize(
    "trouble",
    [{"status": 503}, {"status": 403}, {"status": 302}, {"nonsense": b"<html>"}, {"nonsense": b'{"items": 1}'}],
    ids=str,
)
def test_after_failures_it_asks_more_rarely_and_what_was_shown_stays(
    trouble: dict[str, Any], with_double: Callable[[Claim], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def claim(double: Double, kernels: SavedKernels, shown: Shown) -> None:
        await kernels.look()
        for name, value in trouble.items():
            setattr(double, name, value)
        double.asked.clear()
        asked = []
        for look in range(50):
            before = len(double.asked)
            await kernels.look()
            if len(double.asked) > before:
                asked.append(look)
        assert asked == [0, 2, 6, 14, 30, 46]
        double.status, double.nonsense, double.items = 200, b"", []
        while len(shown.names) < 2:
            await kernels.look()
        await kernels.look()
        assert kernels._failures == 0
        assert shown.names == [["plots"], []]

    with_double(claim)
    assert TOKEN not in caplog.text
    assert [record.levelname for record in caplog.records].count("WARNING") == 1


def test_a_stack_that_does_not_answer_is_looked_at_again(with_double: Callable[[Claim], None], root: Path) -> None:
    async def claim(_double: Double, kernels: SavedKernels, shown: Shown) -> None:
        (root / "versions").rename(root / "away")
        await kernels.look()
        assert shown.names == []
        (root / "away").rename(root / "versions")
        for _ in range(2):
            await kernels.look()
        assert shown.names == [["plots"]]

    with_double(claim)


def test_it_looks_again_and_again_while_the_server_runs(
    with_double: Callable[[Claim], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_JITTER", 0)

    async def claim(double: Double, kernels: SavedKernels, _shown: Shown) -> None:
        object.__setattr__(kernels.settings, "service_period", 0.01)
        kernels.begin()
        while len(double.asked) < 3:  # noqa: ASYNC110  # the double tells no events
            await asyncio.sleep(0.01)
        kernels._callback.stop()

    with_double(claim)
