"""A page in a state that is brought about: answers that do not come are held back in the browser;
what fails, fails there, in words of the platform.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from embedded import Embedded
from playwright.sync_api import Error, Page, Route, expect

from explorer import Visitor
from explorer.longest import WORD

_BUSY = "The index is busy with other questions and did not answer within 10 seconds."
_SENTENCE = f"{_BUSY} {WORD}"

Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """``shown`` is the role and the name of what tells that the page is there."""

    path: str
    shown: tuple[str, str | re.Pattern[str] | None]
    at: Embedded | None = None
    act: Act | None = None
    held: str = ""
    failing: str = ""
    cut: str = ""
    is_wide: bool = False
    """A phone has no room for it: it shows rows in two lines, without columns and ticks."""
    complaints: tuple[str, ...] = ()
    """What Chromium says of it by itself."""


@contextmanager
def shown(visitor: Visitor, state: State) -> Iterator[None]:
    """Within it the page stands as the state says; after it as before."""
    page, before = visitor.page, visitor.running
    visitor.running = state.at or before
    try:
        held = _intercept(page, state)
        if state.path.startswith("~"):
            page.goto("about:blank")
            page.goto(visitor.url + state.path[1:])
        else:
            visitor.open(state.path)
        if state.act:
            state.act(page)
        role, name = state.shown
        there = page.get_by_role(role, name=name)  # type: ignore[arg-type]  # one of ARIA's
        expect(there.first).to_be_visible()
        if not state.held:
            expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
        if not state.held and not state.cut:
            expect(page.locator("[data-pending]")).to_have_count(0)
        page.mouse.move(0, 0)
        yield
        page.goto("about:blank")
        for route in held:
            with suppress(Error):
                route.abort()
        visitor.forgive(*state.complaints, *_failures(state))
    finally:
        page.unroute_all(behavior="ignoreErrors")
        visitor.running = before


def _intercept(page: Page, state: State) -> list[Route]:
    """What is held back, as it comes: the page has gone when it is let go."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def fail(route: Route) -> None:
        allowed = {"Access-Control-Allow-Origin": "*"}
        if route.request.method == "OPTIONS":
            route.continue_()
        else:
            body = json.dumps({"error": {"message": _SENTENCE}})
            route.fulfill(status=422, headers=allowed, content_type="application/json", body=body)

    if state.held:
        page.route(state.held, hold)
    if state.failing:
        page.route(state.failing, fail)
    if state.cut:
        page.route(state.cut, lambda route: route.abort())
    return held


def _failures(state: State) -> list[str]:
    return ["422"] * bool(state.failing) + ["ERR_FAILED"] * bool(state.cut)
