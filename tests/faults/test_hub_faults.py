"""A hub beside a repository that dies, hangs or is absent: it says so, and servers start without EESSI kernels."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from eessi_spawner.demo.hub import DemoHub, free_port, running_hub
from eessi_spawner.demo.visitor import Visitor, form_fields
from eessi_spawner.spawner.stack_cache import FAILED_SECONDS

CONFIG = Path(__file__).parents[1] / "hub" / "jupyterhub_config.py"
# The configuration's mount_timeout, and what a slow machine needs besides.
ANSWER_SECONDS = 3 + 10

StartHub = Callable[[Path], AbstractContextManager[DemoHub]]


@pytest.fixture
def start_hub(tmp_path: Path, artefacts: Path, request: pytest.FixtureRequest) -> StartHub:
    @contextmanager
    def start(root: Path) -> Iterator[DemoHub]:
        log = artefacts / f"{request.node.name}.log"
        log.unlink(missing_ok=True)
        with running_hub(tmp_path, root=str(root), port=free_port(), log=log, config=CONFIG) as hub:
            yield hub

    return start


def offered(page: str) -> list[str]:
    return [field.value for field in form_fields(page) if field.name == "environments"]


def start_without_kernels(visitor: Visitor) -> list[str]:
    """Post the form as it is, and return the kernels of the server that starts."""
    page = visitor.spawn_form().text
    hidden = [(field.name, field.value) for field in form_fields(page) if field.kind == "hidden"]
    assert visitor.spawn(hidden).status == 200
    events = list(visitor.progress())
    assert events[-1]["ready"]
    assert any("EESSI is not available" in event["message"] for event in events)
    answer = visitor.call(f"user/{visitor.name}/api/kernelspecs", method="GET", token=visitor.token())
    specs: dict[str, Any] = json.loads(answer.text)["kernelspecs"]
    return list(specs)


@pytest.mark.fuse
def test_a_hanging_repository_hangs_neither_hub_nor_server_and_comes_back(
    fuse: Any, sample_stack: Path, start_hub: StartHub, tmp_path: Path
) -> None:
    stack = fuse.tree(_skeleton(sample_stack, tmp_path))
    with start_hub(stack.path) as hub:
        stack.stop()
        visitor = Visitor(hub.url)
        visitor.log_in("hana")
        started = time.monotonic()
        page = visitor.spawn_form().text
        assert time.monotonic() - started < ANSWER_SECONDS
        assert "did not answer within 3 seconds" in page
        assert "mount_hanging" in page
        assert not offered(page)
        assert start_without_kernels(visitor) == ["python3"]
        visitor.call("hub/api/users/hana/server", method="DELETE", token=visitor.token())
        stack.resume()
        time.sleep(FAILED_SECONDS)
        assert offered(visitor.spawn_form().text)


@pytest.mark.fuse
def test_a_dead_repository_is_said_in_the_form_and_refused_in_the_api(
    fuse: Any, sample_stack: Path, start_hub: StartHub, tmp_path: Path
) -> None:
    stack = fuse.tree(_skeleton(sample_stack, tmp_path))
    with start_hub(stack.path) as hub:
        stack.kill()
        visitor = Visitor(hub.url)
        visitor.log_in("dina")
        page = visitor.spawn_form().text
        assert "has died" in page
        assert "mount_dead" in page
        token = visitor.token()
        refused = visitor.call("hub/api/users/dina/server", {"environments": ["2025.06-python-2025b"]}, token=token)
        assert refused.status == 400
        assert "has died" in json.loads(refused.text)["message"]
        assert visitor.request("hub/failure-count").text == "0"
        assert start_without_kernels(visitor) == ["python3"]


def test_an_absent_repository_is_said_in_the_form(start_hub: StartHub, tmp_path: Path) -> None:
    with start_hub(tmp_path / "nothing") as hub:
        visitor = Visitor(hub.url)
        visitor.log_in("abe")
        page = visitor.spawn_form().text
        assert "nothing is mounted there" in page
        assert start_without_kernels(visitor) == ["python3"]


def _skeleton(sample: Path, tmp_path: Path) -> Path:
    """Return a tree with the sample's module files and nothing behind them: enough for a form."""
    tree = tmp_path / "skeleton"
    for file in sample.glob("versions/*/software/linux/**/modules/all/*/*.lua"):
        copy = tree / file.relative_to(sample)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
        (copy.parents[3] / "software").mkdir(exist_ok=True)
    for file in sample.glob("init/modules/EESSI/*.lua"):
        copy = tree / file.relative_to(sample)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    return tree
