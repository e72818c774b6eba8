"""What all tests share: the sample stack, a place for artefacts, and the option --no-skips."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import aiohttp
import aiohttp.connector
import hypothesis
import pytest

# All that tests ask has a number for an address. aiohttp's own choice, c-ares, has a thread and an inotify instance for
# each event loop; where one did not end, none did after it, and Linux gives a user 128 of them, which a node needs too.
aiohttp.connector.DefaultResolver = aiohttp.ThreadedResolver

# A slow machine is no failure.
hypothesis.settings.register_profile("any-machine", deadline=None)
hypothesis.settings.load_profile("any-machine")

ARTEFACTS = Path(__file__).parent.parent / "artefacts"


# Fast and small first. The browser's comes last: Playwright leaves an event loop running in this thread, and who
# comes after it can start none.
ROOMS = ("unit", "contract", "chart", "kernels", "faults", "hub", "service", "cluster", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: ROOMS.index(item.path.relative_to(here).parts[0]))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail if any test is skipped, as CI does")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--no-skips") and (skipped := terminalreporter.stats.get("skipped")):
        terminalreporter.write_line(f"{len(skipped)} tests were skipped, and none may be.", red=True)


@pytest.fixture
def go(pytestconfig: pytest.Config) -> None:
    """Skip where there is no Go: the OpenAPI files of Kubernetes come by its module proxy."""
    if shutil.which("go") is None:
        reason = "the OpenAPI files of Kubernetes come by Go's module proxy: install Go"
        if pytestconfig.getoption("--no-skips"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def sample_stack() -> Path:
    """The root of the sample stack; built once (minutes), then kept in the user's cache."""
    from eessi_spawner.demo.stack import sample_stack as build  # noqa: PLC0415  (needs the extra [demo])
    from eessi_spawner.stack.host import read_host  # noqa: PLC0415

    return build(read_host())


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where logs and screenshots are kept."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests must not see the server they are run in, nor share snapshots with it."""
    for name in [name for name in os.environ if name.startswith("EESSI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("EESSI_SPAWNER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
