"""The web application in Debian's Chromium, for tests: signed in, and watched.

::

    with chromium() as browser, visit(browser, running) as visitor:
        visitor.open("/sessions")
        visitor.page.get_by_role("row")

Whatever a page complains of fails the test: an error of its script, a breach of its content policy,
a request to another origin than the two planes, a dialog.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from embedded import Embedded
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
WAIT_MS = 15_000
"""For anything to appear, on a busy machine."""
_SPOKEN = {"error", "warning"}


@dataclass(slots=True)
class Visitor:
    """A person with a browser who has signed in."""

    page: Page
    running: Embedded
    origins: frozenset[str]
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, project: str | None = None) -> None:
        """A page of the project, such as ``/sessions``."""
        chosen = project or str(self.running.endpoints["project_id"])
        self.page.goto(f"{self.running.endpoints['control_url']}/projects/{chosen}{path}")

    def watch(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in _SPOKEN:
            self.complaints.append(f"{message.type}: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        scheme = request.url.partition(":")[0]
        origin = "/".join(request.url.split("/", 3)[:3])
        if scheme not in {"data", "blob"} and origin not in self.origins:
            self.complaints.append(f"request: {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "the tests of the web application need Debian's chromium: apt install chromium"
    with sync_playwright() as playwright:
        # Root, as whom CI runs, has no sandbox in Chromium; what it opens is our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, running: Embedded, **context: Any) -> Iterator[Visitor]:
    """``context`` as Playwright's ``new_context``: size, colour scheme."""
    options = {"viewport": WIDE, "reduced_motion": "reduce", **context}
    with browser.new_context(**options) as made:
        planes = (running.endpoints["control_url"], running.endpoints["data_url"])
        visitor = Visitor(made.new_page(), running, frozenset(planes))
        sign_in(visitor)
        visitor.watch()
        yield visitor
        assert visitor.complaints == []


def sign_in(visitor: Visitor) -> None:
    """As the administrator whom ``hh up`` names."""
    login, page = visitor.running.endpoints, visitor.page
    page.goto(f"{visitor.running.endpoints['control_url']}/sign-in")
    page.get_by_label("E-mail address").fill(login["admin_email"])
    page.locator("input[name=password]").fill(login["admin_password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects/**")
