"""JupyterLab of the user image, as a person uses it: nothing that a page needs was taken out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from eessi_spawner.demo.hub import free_port
from tests.browser.lab_pages import Lab
from tests.cluster.image_servers import ANY_USER, serving, unpack_all
from tests.cluster.testbed.images import SERVERS, build_images
from tests.cluster.testbed.programs import wait_until

pytestmark = [pytest.mark.fuse]


def test_any_user_has_notebooks_and_terminals(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, artefacts: Path
) -> None:
    archives = build_images({"user": SERVERS["user"]})
    image = unpack_all(archives, tmp_path_factory.mktemp("images"))["user"]
    port = free_port()
    command = ["jupyter", "lab", "--no-browser", f"--port={port}", "--IdentityProvider.token=t"]
    words = image.words(command, user=ANY_USER)
    failed: list[str] = []
    by_token = {"method": "GET", "token": "t"}
    with serving(words, port=port, path="api", log=artefacts / "image-user-browser.log") as visitor:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
        page.on("pageerror", lambda error: failed.append(str(error)))
        lab = Lab(page)
        page.goto(f"{visitor.url}lab?token=t")
        lab.settle()
        lab.open_notebook("Python 3")
        lab.run("import os; os.getuid()")
        expect(lab.output).to_contain_text([ANY_USER.partition(":")[0]])
        lab.open_launcher()
        with page.expect_websocket(lambda socket: "/terminals/" in socket.url) as terminal:
            page.locator(".jp-LauncherCard:visible[title*='terminal']").click()
        said: list[str] = []
        terminal.value.on("framereceived", lambda frame: said.append(str(frame)))
        wait_until("the terminal prompts", lambda: page.wait_for_timeout(50) or "$ " in "".join(said))
        page.locator(".jp-Terminal:visible").click()
        page.keyboard.type("echo $((6 * 7)) > answer\n")
        wait_until(
            "the terminal wrote a file",
            lambda: page.wait_for_timeout(50) or visitor.call("api/contents/answer", None, **by_token).status == 200,
        )
        page.screenshot(path=artefacts / "image-user-terminal.png")
        page.close()
    assert not failed
