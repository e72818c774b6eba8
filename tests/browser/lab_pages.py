"""What a person does in JupyterLab."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, WebSocket, expect

KERNEL_SECONDS = 60


class Lab:
    """JupyterLab in a window of its own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._answered = 0
        page.on("websocket", self._listen)

    @property
    def tiles(self) -> Locator:
        """The launcher's tiles for notebooks, one for each kernel."""
        return self.page.locator(".jp-Launcher:visible .jp-LauncherCard[data-category=Notebook]")

    @property
    def output(self) -> Locator:
        """What the cells of the notebook in front have answered."""
        return self.page.locator(".jp-Notebook:visible .jp-OutputArea-child")

    def settle(self) -> None:
        """Wait for the launcher, and send JupyterLab's question about news away."""
        expect(self.tiles.first).to_be_visible()
        question = self.page.locator(".Toastify__toast").get_by_role("button", name="No", exact=True)
        question.click()
        expect(self.page.locator(".Toastify__toast")).to_have_count(0)

    def open_launcher(self) -> None:
        self.page.get_by_role("button", name="New Launcher", exact=True).click()
        expect(self.tiles.first).to_be_visible()

    def open_notebook(self, kernel: str) -> None:
        """Open a notebook by the tile whose title has *kernel* in it, and wait until the kernel has said what it is.

        JupyterLab shows kernels as idle before, and drops cells that are run then.
        """
        before, deadline = self._answered, time.monotonic() + KERNEL_SECONDS
        self.tiles.and_(self.page.locator(f"[title*='{kernel}']")).click()
        while self._answered == before and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        expect(self.page.locator(".jp-Notebook-ExecutionIndicator:visible[data-status=idle]")).to_be_visible()

    def run(self, code: str) -> None:
        """Run *code* in the last cell of the notebook in front."""
        self.page.locator(".jp-Notebook:visible .jp-CodeCell .cm-content").last.click()
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")

    def _listen(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", self._count)

    def _count(self, frame: str | bytes) -> None:
        self._answered += b"kernel_info_reply" in (frame if isinstance(frame, bytes) else frame.encode())
