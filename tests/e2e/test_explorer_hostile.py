"""Whatever applications send, the explorer shows as text: it never runs, leaves or hides.

Part H of the security requirements, line by line: 61 text is text; 62 the content policy;
63 downloads; 64 spreadsheets (``test_explorer_lists.py``); 65 hidden characters are seen.
"""

import base64
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from embedded import Embedded
from explorer import Visitor
from explorer.hostile import nested, payloads
from explorer.hostile_events import HostileSession, send_everywhere
from explorer.traffic import new_project, until_found
from playwright.sync_api import Locator, expect

PAGE_STEP = 15
"""Rows that Page Down passes."""
TABS = ("Attributes", "Cost", "JSON", "As sent", "Content")
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
RESPONSIVE_MS = 2_000
"""Within which a page answers a key while it shows megabytes, on a busy machine."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


POLICY = {
    "default-src 'self'",
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
}


@pytest.fixture(scope="module")
def hostile(running: Embedded) -> Embedded:
    return new_project(running, "<img src=x onerror=alert(1)>")


@pytest.fixture(scope="module")
def sessions(hostile: Embedded) -> list[HostileSession]:
    """With every payload in every field."""
    return send_everywhere(hostile, payloads())


@pytest.fixture
def target(visitor: Visitor, hostile: Embedded) -> Visitor:
    visitor.running = hostile
    return visitor


@pytest.mark.parametrize("kind", ["sessions", "models", "events"])
def test_h61_every_payload_in_every_list_is_text(
    target: Visitor, sessions: list[HostileSession], kind: str
) -> None:
    columns = (
        "event_name,session_id,error,config.model,config.provider,config.prompt,metadata.text,"
        "user_properties.user_id,user_properties.name,feedback.comment,inputs,outputs"
    )
    target.open(f"/{kind}?columns={columns}")
    page, grid = target.page, target.page.get_by_role("grid")
    expect(target.rows().first).to_be_visible()
    count = int(_present(grid.get_attribute("aria-rowcount"))) - 1
    active = page.locator("[role=row][data-active]")

    page.keyboard.press("j")
    for place in range(0, count, PAGE_STEP):
        expect(active).to_have_attribute("aria-rowindex", str(place + 2))
        _nothing_ran(target)
        _nothing_is_hidden(target)
        grid.press("PageDown")


@pytest.mark.timeout(300)
def test_h61_every_payload_in_every_view_of_its_session_is_text(
    target: Visitor, sessions: list[HostileSession]
) -> None:
    page = target.page
    for session in sessions:
        target.open(f"/sessions/{session.id}")
        expect(target.rows().first).to_be_visible()
        for view in ("Tree", "Graph", "Thread", "Summary"):
            page.get_by_role("radiogroup", name="View").get_by_text(view, exact=True).click()
            expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
            expect(page.locator("main [role=alert]")).to_have_count(0)
            _nothing_ran(target)
            _nothing_is_hidden(target)


@pytest.mark.timeout(300)
def test_h61_every_payload_in_every_tab_of_its_details_is_text(
    target: Visitor, sessions: list[HostileSession]
) -> None:
    page = target.page
    pane = page.get_by_role("complementary", name="Details of the event")
    for session in sessions:
        target.open(f"/sessions/{session.id}")
        expect(target.rows().first).to_be_visible()
        count = int(_present(page.get_by_role("treegrid").get_attribute("aria-rowcount"))) - 1
        for place in range(count):
            page.keyboard.press("j")
            row = page.locator("[role=treegrid] [aria-selected=true]")
            expect(row).to_have_attribute("aria-rowindex", str(place + 2))
            event = page.url.partition("event=")[2].partition("&")[0]
            expect(pane.get_by_title(event)).to_be_visible()
            expect(pane.get_by_role("region", name="Output")).to_be_visible()
            if any(name in row.inner_text() for name in session.whole):
                _open_every_tab(target, pane)
            expect(pane.locator("[role=alert]")).to_have_count(0)
            _nothing_ran(target)
            _nothing_is_hidden(target)


def test_h61_a_link_of_a_stranger_tells_its_site_nothing(
    target: Visitor, hostile: Embedded
) -> None:
    said = {"role": "assistant", "content": "[read this](https://site.example/page)"}
    event = _store(hostile, {"event_type": "model", "event_name": "linking", "outputs": said})
    target.open(f"/sessions/{event['session_id']}?event={event['event_id']}")

    link = target.page.get_by_role("link", name="read this")

    expect(link).to_have_attribute("rel", re.compile("noopener.*noreferrer"))


@pytest.mark.parametrize("path", ["/", "/sign-in", "/projects/x/sessions", "/no/such"])
def test_h62_every_page_is_served_with_the_strict_policy(running: Embedded, path: str) -> None:
    page = urllib.request.Request(
        running.endpoints["control_url"] + path, headers={"Accept": "text/html"}
    )
    with urllib.request.urlopen(page) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
    policy = headers["content-security-policy"]

    assert "unsafe" not in policy
    assert {part.strip() for part in policy.split(";")} >= POLICY
    assert HEADERS.items() <= headers.items()


def test_h62_a_script_that_gets_into_the_page_does_not_run(target: Visitor) -> None:
    target.open("/sessions")
    expect(target.page.get_by_role("heading", name="Sessions")).to_be_visible()

    stopped = target.page.evaluate(
        """async () => {
            const stopped = [];
            document.addEventListener("securitypolicyviolation", (told) =>
                stopped.push(told.effectiveDirective));
            const markup = "<img src=x onerror='window.ran = true'>";
            const attempts = [
                () => document.head.append(Object.assign(
                    document.createElement("script"), { text: "window.ran = true" })),
                () => document.body.insertAdjacentHTML("beforeend", markup),
                () => fetch("http://127.0.0.1:9/"),
            ];
            for (const attempt of attempts) {
                try { await attempt(); stopped.push("nothing"); } catch {}
            }
            while (stopped.length < 2) await new Promise(requestAnimationFrame);
            return [...stopped, window.ran ?? "did not run"];
        }"""
    )

    assert "nothing" not in stopped
    assert {"connect-src", "require-trusted-types-for", "did not run"} <= set(stopped)
    target.complaints.clear()


def test_h62_another_site_may_not_ask_the_data_plane_from_a_browser(running: Embedded) -> None:
    def allowed(origin: str) -> str | None:
        request = urllib.request.Request(
            running.endpoints["data_url"] + "/v1/events/search",
            method="OPTIONS",
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                headers = answer.headers
        except urllib.error.HTTPError as error:
            with error:
                headers = error.headers
        assert headers["Access-Control-Allow-Credentials"] is None
        found: str | None = headers["Access-Control-Allow-Origin"]
        return found

    own = running.endpoints["control_url"]

    assert allowed(own) == own
    assert allowed("https://evil.example") is None
    assert allowed("null") is None


def test_h63_files_inside_events_are_downloaded_as_bytes_and_never_opened(
    target: Visitor, hostile: Embedded, tmp_path: Path
) -> None:
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    url = f"data:text/html;base64,{page}"
    parts = [{"type": "image_url", "image_url": {"url": url}}]
    history = {"chat_history": [{"role": "user", "content": parts}]}
    event = _store(hostile, {"event_type": "model", "event_name": "file", "inputs": history})
    target.open(f"/sessions/{event['session_id']}?event={event['event_id']}")

    with target.page.expect_download() as coming:
        target.page.get_by_role("button", name=re.compile("^Download Picture")).click()

    coming.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == b"<script>alert(1)</script>"


def test_h65_hidden_characters_have_names_that_can_be_read(
    target: Visitor, hostile: Embedded
) -> None:
    text = "nul\x00 esc\x1b bidi\u202e zero\u200b"
    event = _store(
        hostile, {"event_type": "chain", "event_name": text, "inputs": {text: text}, "error": text}
    )
    shown = "nul␀ esc␛ bidi\u2039U+202E\u203a zero\u2039U+200B\u203a"
    target.open(f"/events?q=event_id+%3D+{event['event_id']}&columns=event_name,error")
    expect(target.rows()).to_have_count(1)
    expect(target.rows()).to_contain_text(shown)

    target.rows().get_by_role("link").click()

    pane = target.page.get_by_role("complementary", name="Details of the event")
    expect(pane.get_by_role("heading", level=2)).to_have_text(shown)
    expect(pane.get_by_role("region", name="Error")).to_contain_text(shown)
    expect(pane.get_by_role("region", name="Input")).to_contain_text(shown)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"list": [{"n": n, "t": "x" * 80} for n in range(90_000)]}, id="10 MB"),
        pytest.param({"text": "word " * 600_000}, id="3 MB of text"),
        pytest.param({"line": "x" * 3_000_000}, id="3 MB in a line"),
        pytest.param({f"key {n}": n for n in range(30_000)}, id="30,000 keys"),
        pytest.param({"deep": nested(60)}, id="deep"),
    ],
)
def test_what_is_huge_or_deep_does_not_hang_the_page(
    target: Visitor, hostile: Embedded, value: object
) -> None:
    event = _store(hostile, {"event_type": "chain", "event_name": "huge", "inputs": value})
    target.open(f"/sessions/{event['session_id']}?event={event['event_id']}")
    page = target.page
    pane = page.get_by_role("complementary", name="Details of the event")
    expect(pane.get_by_role("region", name="Input")).to_be_visible(timeout=30_000)
    for tab in ("JSON", "As sent", "Content"):
        pane.get_by_role("tab", name=tab, exact=True).click()
        if tab != "Content":
            expect(pane.get_by_role("textbox", name="JSON")).to_be_visible(timeout=30_000)

    began = time.monotonic()
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()

    assert (time.monotonic() - began) * 1000 < RESPONSIVE_MS


def _store(project: Embedded, event: dict[str, Any]) -> dict[str, Any]:
    """The event as it is read."""
    name = f"session-{secrets.token_hex(4)}"
    body = {"event": {"session_id": name, "duration": 1, **event}}
    status, answer = project.post("/events", json.dumps(body).encode())
    assert status == 200, answer
    (stored,) = until_found(project, {"event_id": json.loads(answer)["event_id"]})
    return dict(stored)


def _open_every_tab(target: Visitor, pane: Locator) -> None:
    for fold in pane.get_by_text(re.compile("earlier messages$|^Stack trace$")).all():
        fold.click()
    for tab in TABS:
        found = pane.get_by_role("tab", name=tab, exact=True)
        if found.count():
            found.click()
            expect(pane.get_by_label("Loading", exact=True)).to_have_count(0)
            _nothing_is_hidden(target)


def _nothing_ran(visitor: Visitor) -> None:
    assert visitor.complaints == []
    assert (
        visitor.page.evaluate(
            "[...document.querySelectorAll('script:not([src]), iframe, object, embed, base, form"
            "[action], meta[http-equiv]')].map((one) => one.outerHTML)"
        )
        == []
    )
    links = visitor.page.evaluate("[...document.links].map((one) => one.href)")
    assert [one for one in links if not re.match(r"https?:|mailto:|blob:", one)] == []


def _nothing_is_hidden(visitor: Visitor) -> None:
    """No character without a shape stands in what is shown (the editor draws them itself)."""
    found = HIDDEN.search(visitor.page.locator("main").inner_text())
    assert found is None, (hex(ord(found.group())), visitor.page.url)


def _present(text: str | None) -> str:
    assert text is not None
    return text
