"""A real browser in front of real hubs: pages as a person sees them, kept as pictures under the artefacts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import jupyterhub
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import eessi_spawner.demo.hub
from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from tests.browser.hub_pages import HubPages
from tests.browser.stack_copy import GENERATIONS, make_copy

CHROMIUM = "/usr/bin/chromium"
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
SIZES = {"desk": (1280, 900), "phone": (360, 740)}
SECONDS = 30
CONFIG = """
load_subconfig({demo!r})
c = get_config()
c.DemoSpawner.environment = {{"EESSI_SPAWNER_RUNTIME_DIR": {runtime!r}}}
c.DemoSpawner.eessi_environments = json.loads({environments!r})
c.DemoSpawner.mount_timeout = 5
"""
# A site's own list: one that runs, two that the tests break, one that is not there, and a title that is markup.
SITE_ENVIRONMENTS = [
    {
        "name": "course",
        "title": "Statistics course: <b>all</b> that the exercises of the first and the second term need",
        "release": "2025.06",
        "modules": [GENERATIONS["2025b"].kernel_module],
    },
    {
        "name": "vanishes",
        "title": "NumPy of 2025b",
        "release": "2025.06",
        "modules": list(GENERATIONS["2025b"].modules[:2]),
    },
    {
        "name": "broken",
        "title": "NumPy of 2024a",
        "release": "2025.06",
        "modules": list(GENERATIONS["2024a"].modules[:2]),
    },
    {
        "name": "absent",
        "title": "Weather models",
        "release": "2025.06",
        "modules": ["WRF/4.6.1-foss-2024a-dmpar"],
    },
]


class OpenPage(Protocol):
    """Opens a page in a browser window of its own."""

    def __call__(self, url: str, *, size: str = "desk", scheme: str = "light") -> HubPages: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def start_hub(
    tmp_path_factory: pytest.TempPathFactory, artefacts: Path
) -> Callable[..., AbstractContextManager[DemoHub]]:
    """Return a function that runs a hub on a root, with a site's environments; its log is kept."""

    @contextmanager
    def start(name: str, root: Path, environments: list[dict[str, Any]] | None = None) -> Iterator[DemoHub]:
        state = tmp_path_factory.mktemp(name)
        log = artefacts / f"{name}-jupyterhub-{jupyterhub.__version__}.log"
        log.unlink(missing_ok=True)
        config = state / "jupyterhub_config.py"
        runtime = state / "runtime"
        runtime.mkdir(mode=0o700)
        config.write_text(
            "import json\n"
            + CONFIG.format(
                demo=str(eessi_spawner.demo.hub.CONFIG),
                runtime=str(runtime),
                environments=json.dumps(environments or []),
            )
        )
        with running_hub(state, root=str(root), port=free_port(), log=log, config=config) as hub:
            yield hub

    return start


@pytest.fixture(scope="session")
def hub(start_hub: Callable[..., AbstractContextManager[DemoHub]], sample_stack: Path) -> Iterator[DemoHub]:
    """A hub on the sample stack, with the environments that are offered where a site lists none."""
    with start_hub("browser", sample_stack) as running:
        yield running


@pytest.fixture(scope="session")
def site_stack(sample_stack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample in which module files can be changed."""
    return make_copy(sample_stack, tmp_path_factory.mktemp("site") / "software.eessi.io")


@pytest.fixture(scope="session")
def site_hub(start_hub: Callable[..., AbstractContextManager[DemoHub]], site_stack: Path) -> Iterator[DemoHub]:
    """A hub of a site that lists its own environments."""
    with start_hub("browser-site", site_stack, SITE_ENVIRONMENTS) as running:
        yield running


@pytest.fixture(scope="session")
def hub_without_stack(
    start_hub: Callable[..., AbstractContextManager[DemoHub]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoHub]:
    """A hub where nothing is mounted."""
    with start_hub("browser-without-stack", tmp_path_factory.mktemp("nothing") / "software.eessi.io") as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, artefacts: Path) -> Iterator[OpenPage]:
    """Return a function that opens pages; at the end no script of JupyterHub's own pages may have failed."""
    opened: list[tuple[Page, list[str]]] = []

    def start(url: str, *, size: str = "desk", scheme: str = "light") -> HubPages:
        width, height = SIZES[size]
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        opened.append((page, errors))
        return HubPages(page, url, artefacts)

    yield start
    for page, _ in opened:
        page.context.close()
    assert [error for _, errors in opened for error in errors if "/hub/" in error] == []
