"""The fallback kernel answers every cell with the reason, as a real kernel process does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpec

from eessi_spawner.errors import ModuleLoadError
from eessi_spawner.kernels.fallback import failure_html, failure_text
from eessi_spawner.kernels.resolve import _FALLBACK, FAILURE_VARIABLE

FAILURE = ModuleLoadError(
    "The modules of '<b>Mine</b>' cannot be loaded.", advice="Use & keep one generation.", details="<script>1\n2 ☃"
).to_json()


class Page(HTMLParser):
    """The tags of some HTML and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_message_tells_the_cause_the_next_step_the_code_and_folded_the_details() -> None:
    page = Page(failure_html(FAILURE))
    for part in (*FAILURE.values(), "This EESSI kernel could not start.", "What to do:"):
        assert part in page.text
        assert part in failure_text(FAILURE)
    assert "details" in page.tags


def test_without_details_nothing_is_folded() -> None:
    assert "details" not in Page(failure_html({**FAILURE, "details": ""})).tags
    assert "Details" not in failure_text({**FAILURE, "details": ""})


@settings(max_examples=30)
@given(st.fixed_dictionaries(dict.fromkeys(("code", "message", "advice"), st.text())), st.text(min_size=1))
def test_nothing_in_a_failure_becomes_markup(failure: dict[str, str], details: str) -> None:
    plain = Page(failure_html({**FAILURE, "details": "plain"})).tags
    assert Page(failure_html({**failure, "details": details})).tags == plain


@pytest.fixture(scope="module")
def client() -> Iterator[BlockingKernelClient]:
    """A fallback kernel as the launcher starts it."""
    manager = KernelManager()
    argv = [sys.executable, "-c", _FALLBACK, "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=argv, display_name="Fallback", language="python")
    manager.start_kernel(env={**os.environ, FAILURE_VARIABLE: json.dumps(FAILURE)}, cwd="/")
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def execute(client: BlockingKernelClient, code: str, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    outputs: list[dict[str, Any]] = []
    reply = client.execute_interactive(code, output_hook=outputs.append, timeout=30, **options)
    shown = [output["content"] for output in outputs if output["msg_type"] == "display_data"]
    return reply["content"], shown


@pytest.mark.parametrize("code", ["1 + 1", "%matplotlib inline", "not python at all ("])
def test_every_cell_is_answered_with_the_reason_and_fails(client: BlockingKernelClient, code: str) -> None:
    reply, shown = execute(client, code)
    assert reply["status"] == "error"
    assert reply["ename"] == "EESSIKernelError"
    assert reply["evalue"] == "The modules of '<b>Mine</b>' cannot be loaded. Use & keep one generation."
    assert "Reason code: module_load_failed" in reply["traceback"]
    assert [output["data"]["text/html"] for output in shown] == [failure_html(FAILURE)]
    assert shown[0]["data"]["text/plain"] == failure_text(FAILURE)


@pytest.mark.parametrize(("code", "options"), [("", {}), (" \n", {}), ("1", {"silent": True})])
def test_what_shows_nothing_elsewhere_shows_nothing_here(
    client: BlockingKernelClient, code: str, options: dict[str, bool]
) -> None:
    assert execute(client, code, **options)[1] == []


def test_a_front_end_gets_the_reason_before_the_first_cell(client: BlockingKernelClient) -> None:
    reply = client.kernel_info(reply=True, timeout=30)["content"]
    assert reply["banner"] == failure_text(FAILURE)
    assert reply["language_info"]["name"] == "python"


def test_a_folder_with_modules_of_the_same_names_does_not_break_it(tmp_path: Any) -> None:
    for name in ("json.py", "ipykernel.py", "eessi_spawner.py"):
        (tmp_path / name).write_text("raise SystemExit('wrong module')")
    answer = subprocess.run(
        [sys.executable, "-c", _FALLBACK, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
