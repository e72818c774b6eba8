"""What a person does on the hub's own pages."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from eessi_spawner.spawner.choice import ALL_RELEASES

RELEASE_OF = {"2023b": "2023.06", "2024a": "2025.06", "2025b": "2025.06"}


class HubPages:
    """One person's window.

    Parameters
    ----------
    artefacts
        Where pictures go.
    """

    def __init__(self, page: Page, url: str, artefacts: Path) -> None:
        self.page = page
        self.url = url
        self._artefacts = artefacts

    @property
    def form(self) -> Locator:
        """The spawn form, JupyterHub's button included."""
        return self.page.locator("#spawn_form")

    @property
    def start_button(self) -> Locator:
        return self.form.get_by_role("button", name="Start")

    @property
    def error(self) -> Locator:
        """What JupyterHub says above the form when a choice was refused."""
        return self.page.locator(".spawn-error-msg")

    def log_in(self, name: str) -> None:
        """Log in, and be shown the form."""
        self.page.goto(f"{self.url}hub/login")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.form).to_be_visible()

    def release(self, value: str) -> Locator:
        return self.form.locator(f"input[name=release][value='{value}']")

    def environment(self, name: str) -> Locator:
        return self.form.locator(f"input[name=environments][value='{name}']")

    def generation(self, name: str) -> Locator:
        """The checkbox of a generation's default environment."""
        return self.environment(f"{RELEASE_OF[name]}-python-{name}")

    def choose_all(self) -> None:
        self.release(ALL_RELEASES).check()

    def start(self) -> None:
        """Press Start and wait for JupyterLab."""
        self.start_button.click()
        self.wait_for_lab()

    def wait_for_lab(self) -> None:
        self.page.wait_for_url("**/user/*/lab**")
        expect(self.page.locator("#jp-main-dock-panel")).to_be_visible()

    def stop(self) -> None:
        """Stop the server, and be shown the form again."""
        self.page.goto(f"{self.url}hub/home")
        self.page.get_by_role("button", name="Stop My Server").click()
        expect(self.page.get_by_role("button", name="Stop My Server")).to_be_hidden()
        self.page.goto(f"{self.url}hub/spawn")
        expect(self.form).to_be_visible()

    def posted(self) -> dict[str, list[str]]:
        """Press Start, keep what the browser posts from the hub, and return the fields."""
        with self.page.expect_request(lambda request: request.method == "POST") as caught:
            self.page.route("**/hub/spawn*", lambda route: route.fulfill(body="kept"), times=1)
            self.start_button.click()
        return _multipart(caught.value.post_data or "")

    def picture(self, name: str) -> None:
        """Keep a picture of the page."""
        self.page.screenshot(path=self._artefacts / f"{name}.png", full_page=True)


def _multipart(body: str) -> dict[str, list[str]]:
    """Return the fields of a multipart *body* without files."""
    fields: dict[str, list[str]] = {}
    boundary = body.partition("\r\n")[0]
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.strip("\r\n").partition("\r\n\r\n")
        name = head.partition('name="')[2].partition('"')[0]
        fields.setdefault(name, []).append(value)
    return fields
