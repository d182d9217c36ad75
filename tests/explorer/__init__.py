"""The web application in Debian's Chromium, for tests: signed in, and watched.

::

    with chromium() as browser, visit(browser, running, session=signed_in(running)) as visitor:
        visitor.open("/sessions")
        visitor.page.get_by_role("row")

Whatever a page complains of fails the test: an error of its script, a breach of its content policy,
a request to another origin than the two planes, a page asked for with its query, a dialog.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from embedded import Embedded
from embedded.office import sign_in as sign_in_by_api
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
WAIT_MS = 15_000
"""For anything to appear, on a busy machine."""
COOKIE = "hh_session"
_SPOKEN = {"error", "warning"}


@dataclass
class Visitor:
    """A person with a browser. What the page complains of is collected in ``complaints``."""

    page: Page
    running: Embedded
    origins: frozenset[str]
    complaints: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of the control plane, which serves the application."""
        return str(self.running.endpoints["control_url"])

    @property
    def project(self) -> str:
        return str(self.running.endpoints["project_id"])

    def open(self, path: str) -> None:
        """A page of the project, such as ``/sessions``, at the address that the page shows itself:
        its query stands in the fragment."""
        # From nowhere: to another fragment of one page a browser goes without loading it anew.
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/projects/{self.project}{path.replace('?', '#?', 1)}")

    def rows(self) -> Locator:
        """Of the list or the tree that is shown, without its head."""
        return self.page.locator("[role=grid], [role=treegrid]").locator(
            "[role=row]:has([role=gridcell])"
        )

    def forgive(self, *parts: str) -> None:
        """Complaints that a test provokes: each must have come, and only these are forgotten."""
        for part in parts:
            found = [one for one in self.complaints if part in one]
            assert found, f"nothing complained of {part}: {self.complaints}"
            self.complaints = [one for one in self.complaints if part not in one]

    def watch(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("popup", lambda other: self.complaints.append(f"popup: {other.url}"))

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
        if request.resource_type == "document" and "?" in request.url:
            self.complaints.append(f"query told: {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    expect.set_options(timeout=WAIT_MS)
    assert path, "the tests of the web application need Debian's chromium: apt install chromium"
    with sync_playwright() as playwright:
        # Root, as whom CI runs, has no sandbox in Chromium; what it opens is our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser, running: Embedded, *, session: str = "", **context: Any
) -> Iterator[Visitor]:
    """``session`` as ``signed_in`` gives it; ``context`` as Playwright's ``new_context``."""
    options = {"viewport": WIDE, "reduced_motion": "reduce", **context}
    with browser.new_context(**options) as made:
        planes = (running.endpoints["control_url"], running.endpoints["data_url"])
        if session:
            made.add_cookies([{"name": COOKIE, "value": session, "url": planes[0]}])
        visitor = Visitor(made.new_page(), running, frozenset(planes))
        visitor.watch()
        yield visitor
        assert visitor.complaints == [], visitor.complaints[:3]


def signed_in(running: Embedded) -> str:
    """A new session of the administrator whom ``hh up`` names."""
    login = running.endpoints
    person = sign_in_by_api(running, login["admin_email"], login["admin_password"], kind="cookie")
    return person.cookie


def sign_in(visitor: Visitor, password: str = "") -> None:
    """Fill in the form that is shown, as the administrator."""
    login, page = visitor.running.endpoints, visitor.page
    page.get_by_label("E-mail address").fill(login["admin_email"])
    page.locator("input[name=password]").fill(password or login["admin_password"])
    page.get_by_role("button", name="Sign in").click()
