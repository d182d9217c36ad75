"""Every page of the explorer over the demo's traffic, each brought to rest: for tests of how pages
are made, and for the pictures in the docs."""

import re
from collections.abc import Callable, Mapping

from embedded import Embedded
from playwright.sync_api import Page, expect

from explorer import Visitor, sign_in
from explorer.traffic import until_found

Opened = Callable[[Visitor], None]
PIANO = "piano-question-openinference"
"""A session in which a model is overloaded and a tool fails."""


def pages(project: Embedded) -> Mapping[str, Opened]:
    """By name. Those of ``SIGNED_OUT`` are for somebody who is not signed in."""
    found = until_found(project, {"event_type": "session"})
    session = next(one for one in found if one["session_id"].startswith(PIANO))["session_id"]
    events = until_found(project, {"session_id": session})
    call = next(one for one in events if one["outputs"].get("tool_calls"))["event_id"]
    failed = next(one for one in events if "OrderNotFound" in str(one.get("error")))["event_id"]
    at = f"/sessions/{session}"
    return {
        "sign-in": _sign_in,
        "sign-in-refused": _refused,
        "start": _opening("/start", "heading", "Send your first trace"),
        "sessions": _list("/sessions"),
        "models": _list("/models?sort=-cost"),
        "events": _list("/events?q=event_type+%3D+tool+duration+%3E+0"),
        "completion": _completion,
        "no-match": _opening("/events?q=event_type+%3D+nothing", "heading", "No events match"),
        "tree": _session(f"{at}?event={call}", "treegrid"),
        "failure": _session(f"{at}?event={failed}", "treegrid"),
        "cost": _tab(f"{at}?event={call}", "Cost"),
        "json": _tab(f"{at}?event={call}", "JSON"),
        "attributes": _tab(f"{at}?event={call}", "Attributes"),
        "graph": _session(f"{at}?view=graph", "button", re.compile("^Step support_agent")),
        "thread": _session(f"{at}?view=thread", "list", "Chat"),
        "summary": _session(f"{at}?view=summary", "region", "Models"),
        "keys": _keys,
        "not-found": _opening("/sessions/nothing", "alert"),
    }


FORGIVEN = {
    "not-found": "404 (Not Found)",
    "sign-in": "401 (Unauthorized)",
    "sign-in-refused": "401 (Unauthorized)",
}
"""What Chromium complains of by itself on pages that show a failure."""
SIGNED_OUT = {"sign-in", "sign-in-refused"}


def _sign_in(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.url}/")
    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()


def _refused(visitor: Visitor) -> None:
    _sign_in(visitor)
    sign_in(visitor, "not this one")
    expect(visitor.page.get_by_role("alert")).to_be_visible()


def _opening(path: str, role: str, name: str | None = None) -> Opened:
    def opened(visitor: Visitor) -> None:
        visitor.open(path)
        expect(visitor.page.get_by_role(role, name=name).first).to_be_visible()  # type: ignore[arg-type]  # one of ARIA's
        _rest(visitor.page)

    return opened


def _list(path: str) -> Opened:
    def opened(visitor: Visitor) -> None:
        visitor.open(path)
        expect(visitor.rows().first).to_be_visible()
        expect(visitor.page.get_by_role("img", name=re.compile("over time"))).to_be_visible()
        _rest(visitor.page)

    return opened


def _completion(visitor: Visitor) -> None:
    _list("/events")(visitor)
    field = visitor.page.get_by_role("combobox", name="Filter", exact=True)
    field.press_sequentially("config.model = ")
    expect(
        visitor.page.get_by_role("option", name=re.compile("^gpt-4o-mini")).first
    ).to_be_visible()


def _session(path: str, role: str, name: "str | re.Pattern[str] | None" = None) -> Opened:
    def opened(visitor: Visitor) -> None:
        visitor.open(path)
        shown = visitor.page.get_by_role(role, name=name)  # type: ignore[arg-type]  # one of ARIA's
        if "event=" in path:
            shown = visitor.page.get_by_role("complementary", name="Details of the event")
            shown = shown.get_by_role("region", name="Output")
        expect(shown.first).to_be_visible()
        user = visitor.page.get_by_role("term").filter(has_text=re.compile("^User$"))
        expect(user).to_be_visible()
        _rest(visitor.page)

    return opened


def _tab(path: str, name: str) -> Opened:
    def opened(visitor: Visitor) -> None:
        _session(path, "treegrid")(visitor)
        visitor.page.get_by_role("tab", name=name, exact=True).click()
        expect(visitor.page.get_by_role("tabpanel", name=name)).not_to_be_empty()
        _rest(visitor.page)

    return opened


def _keys(visitor: Visitor) -> None:
    _list("/sessions")(visitor)
    visitor.page.keyboard.press("Shift+?")
    expect(visitor.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def _rest(page: Page) -> None:
    expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
    page.evaluate("document.fonts.ready")
