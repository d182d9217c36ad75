"""The explorer's lists over the demo's traffic: filter, range, order, views, export, live."""

import csv
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded import Embedded
from explorer import Visitor
from explorer.traffic import DEMO_SESSIONS, Span, new_project, send, until_found
from playwright.sync_api import Download, Page, expect

PHRASE = "look_up_order"
_LOADED = 100
"""Rows of a page of the list."""
LIVE_MS = 2_000
"""From the moment when an event was acknowledged to its row in an open list."""


def filter_by(page: Page, text: str) -> None:
    field = page.get_by_role("combobox", name="Filter", exact=True)
    field.fill(text)
    field.press("Enter")


def names(visitor: Visitor) -> list[str]:
    return visitor.rows().get_by_role("link").all_inner_texts()


def targets(visitor: Visitor) -> list[str | None]:
    """Where the rows lead to, from above."""
    return [link.get_attribute("href") for link in visitor.rows().get_by_role("link").all()]


@pytest.fixture(scope="module")
def awkward(running: Embedded) -> Embedded:
    """Values that a spreadsheet would run, and numbers that a careless program would round."""
    project = new_project(running, "awkward")
    attributes = {"honeyhive_event_type": "tool", "exact": 2**63 - 1, "text": 'a "b",\nc'}
    send(
        project,
        *(Span(name, attributes) for name in ("=1+1", "+cmd", "-1", "@SUM(A1)", "\tx", "plain")),
    )
    until_found(project, {"event_type": "tool"}, 6)
    return project


@pytest.mark.parametrize(
    ("path", "title", "types"),
    [
        ("/sessions", "Sessions", {"session"}),
        ("/models", "Model calls", {"model"}),
        ("/events", "All events", {"session", "model", "tool", "chain"}),
    ],
)
def test_each_list_shows_all_events_of_its_kind(
    visitor: Visitor, shop: Embedded, path: str, title: str, types: set[str]
) -> None:
    found = shop.ask("/v1/events/search", {"filters": [], "limit": 1000})["events"]
    expected = sum(event["event_type"] in types for event in found)
    page = visitor.page

    visitor.open(path)

    grid = page.get_by_role("grid", name=title)
    expect(grid).to_have_attribute("aria-rowcount", str(expected + 1))
    expect(visitor.rows().first).to_be_visible()
    page.keyboard.press("j")
    grid.press("End")
    expect(visitor.rows().last).to_have_attribute("aria-rowindex", str(expected + 1))


def test_a_filter_is_typed_shown_as_chips_and_taken_away(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/events")
    expect(visitor.rows().first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Filter", exact=True)).to_be_focused()

    filter_by(page, f"event_type = tool event_name = {PHRASE}")

    expect(page.get_by_role("button", name="Edit event_type is tool")).to_be_visible()
    expect(visitor.rows().first).to_contain_text(PHRASE)
    assert set(names(visitor)) == {PHRASE}
    page.get_by_role("button", name="Edit as text").click()
    expect(page.get_by_role("combobox", name="Filter", exact=True)).to_have_value(
        f"event_type = tool event_name = {PHRASE}"
    )
    page.get_by_role("button", name="Show as chips").click()
    page.get_by_role("button", name=f"Remove event_name = {PHRASE}").click()
    expect(page).to_have_url(re.compile(r"#\?q=event_type\+%3D\+tool|event_type%20%3D%20tool"))
    page.get_by_role("button", name="Clear the filter").click()
    expect(page).not_to_have_url(re.compile("q="))


def test_names_signs_and_values_are_completed_by_the_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/models")
    expect(visitor.rows().first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("config.mod")
    expect(page.get_by_role("option", name="config.model", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("=")
    page.keyboard.press("Enter")
    page.keyboard.type("text-emb")
    expect(page.get_by_role("option", name=re.compile("^text-embedding-3-small"))).to_be_visible()
    page.keyboard.press("Tab")

    expect(
        page.get_by_role("button", name="Edit config.model is text-embedding-3-small")
    ).to_be_visible()
    expect(visitor.rows().first).to_contain_text("text-embedding-3-small")


def test_a_mistyped_field_gets_a_suggestion_that_mends_it(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/events")

    filter_by(page, "event_nmae = plan")
    expect(page.get_by_text("No event has a field event_nmae.")).to_be_visible()
    page.get_by_role("button", name="event_name", exact=True).click()

    expect(page.get_by_role("button", name="Edit event_name is plan")).to_be_visible()
    expect(visitor.rows().first).to_contain_text("plan")


def test_what_cannot_be_read_as_a_filter_is_pointed_at(visitor: Visitor) -> None:
    visitor.open("/events")
    filter_by(visitor.page, "duration >")
    expect(visitor.page.get_by_text("Expected a value after >")).to_be_visible()


def test_a_list_without_matches_says_which_condition_to_drop(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/events")
    filter_by(page, "event_type = tool duration > 3600000")
    expect(page.get_by_text("No events match")).to_be_visible()

    page.get_by_role("button", name=re.compile("Drop duration")).click()

    expect(visitor.rows().first).to_be_visible()


def test_a_time_range_is_chosen_by_name_by_dates_and_on_the_chart(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/events")
    page.get_by_role("button", name="Time range: Last 7 days").click()
    page.get_by_role("button", name="Last hour").click()
    expect(page).to_have_url(re.compile("range=1h"))

    page.get_by_role("button", name="Time range: Last hour").click()
    page.get_by_label("To", exact=True).fill("2020-01-02T00:00")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Nothing was sent in this time range.")).to_be_visible()
    page.get_by_role("button", name="Show all time").click()

    chart = page.get_by_role("img", name=re.compile("over time"))
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=\d+.*to=\d+"))


def test_a_column_head_sorts_the_list(visitor: Visitor, shop: Embedded) -> None:
    page = visitor.page
    visitor.open("/sessions")
    order = {"field": "duration", "order": "desc"}
    question = {"filters": [_is("event_type", "session")], "sort": order}
    expected = [e["session_id"] for e in shop.ask("/v1/events/search", question)["events"]]

    page.get_by_role("columnheader", name="Duration").get_by_role("button").click()

    expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(visitor.rows()).to_contain_text(expected)
    page.get_by_role("columnheader", name="Duration").get_by_role("button").click()
    expect(visitor.rows()).to_contain_text(expected[::-1])


def test_columns_are_added_widened_and_taken_away(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/sessions")
    heads = page.get_by_role("columnheader")
    expect(heads.filter(has_text="Model calls")).to_be_visible()

    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Hide Model calls").click()
    page.get_by_label("Find a field").fill("event_id")
    page.get_by_role("button", name="Show Event id").click()
    page.keyboard.press("Escape")
    width = page.get_by_role("separator", name="Width of Name")
    width.focus()
    width.press("ArrowRight")

    expect(heads.filter(has_text="Event id")).to_be_visible()
    expect(heads.filter(has_text="Model calls")).to_have_count(0)
    expect(width).to_have_attribute("aria-valuenow", "276")
    page.reload()
    expect(heads.filter(has_text="Event id")).to_be_visible()
    expect(width).to_have_attribute("aria-valuenow", "276")


def test_a_saved_view_brings_back_filter_order_and_columns(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/events?q=event_type+%3D+tool&sort=-duration")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of the view").fill("slow tools")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="slow tools", exact=True)).to_be_visible()

    visitor.open("/events")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="slow tools", exact=True).click()

    expect(page).to_have_url(re.compile(r"q=event_type.*sort=-duration"))
    expect(page.get_by_role("button", name="Edit event_type is tool")).to_be_visible()


def test_the_address_holds_the_state_through_reload_back_and_forward(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/events")
    filter_by(page, "event_type = model")
    expect(page).to_have_url(re.compile("q="))
    page.get_by_role("columnheader", name="Duration").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=-duration"))
    page.get_by_role("button", name="Pause live updates").click()
    expect(page).to_have_url(re.compile("live=false"))
    expect(visitor.rows().first).to_be_visible()
    address, shown = page.url, targets(visitor)

    page.reload()
    expect(visitor.rows().first).to_be_visible()
    assert (page.url, targets(visitor)) == (address, shown)
    page.go_back()
    expect(page).not_to_have_url(re.compile("sort="))
    page.go_forward()
    expect(page).to_have_url(address)
    expect(page.locator("[data-stale]")).to_have_count(0)
    assert targets(visitor) == shown


def test_a_row_is_opened_by_keys_and_found_again_after_back(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/sessions")
    expect(visitor.rows()).to_have_count(DEMO_SESSIONS)
    session = (targets(visitor)[2] or "").rpartition("/")[2]

    for key in ("j", "j", "j", "k", "j"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/sessions/{session}$"))
    page.go_back()

    expect(page.locator("[role=row][data-active]")).to_contain_text(session)


def test_selected_rows_are_exported_as_csv_without_formulas_and_as_exact_jsonl(
    visitor: Visitor, awkward: Embedded, tmp_path: Path
) -> None:
    visitor.running = awkward
    page = visitor.page
    visitor.open("/events?q=event_type+%3D+tool&columns=event_name,metadata.text,metadata.exact")
    expect(visitor.rows()).to_have_count(6)
    page.get_by_label("Select all that are loaded").check()
    expect(page.get_by_text("6 selected")).to_be_visible()

    table = _saved(page, tmp_path, lambda: page.get_by_role("button", name="CSV").click())
    rows = list(csv.DictReader(table.decode().splitlines(keepends=True)))
    assert {row["event_name"] for row in rows} == {
        "'=1+1", "'+cmd", "'-1", "'@SUM(A1)", "'\tx", "plain",
    }  # fmt: skip
    assert {row["metadata.text"] for row in rows} == {'a "b",\nc'}
    assert {row["metadata.exact"] for row in rows} == {str(2**63 - 1)}

    page.get_by_label("Select all that are loaded").check()
    lines = _saved(page, tmp_path, lambda: page.get_by_role("button", name="JSONL").click())
    exported = {event["event_id"]: event for event in map(json.loads, lines.splitlines())}
    stored = awkward.ask("/v1/events/search", {"filters": [_is("event_type", "tool")]})["events"]
    assert exported == {event["event_id"]: event for event in stored}


def test_all_that_match_are_selected_and_exported_beyond_what_is_loaded(
    running: Embedded, visitor: Visitor, tmp_path: Path
) -> None:
    visitor.running = project = new_project(running, "many")
    many = _LOADED + 60
    send(project, *(Span(f"step {at}", {"honeyhive_event_type": "tool"}) for at in range(many)))
    until_found(project, {"event_type": "tool"}, many)
    page = visitor.page
    visitor.open("/events?q=event_type+%3D+tool")
    expect(visitor.rows().first).to_be_visible()
    page.get_by_label("Select all that are loaded").check()
    expect(page.get_by_text(f"{_LOADED} selected")).to_be_visible()

    page.get_by_role("button", name=f"Select all {many} that match").click()
    expect(page.get_by_text(f"All {many} events that match")).to_be_visible()
    lines = _saved(page, tmp_path, lambda: page.get_by_role("button", name="JSONL").click())
    assert len({json.loads(line)["event_id"] for line in lines.splitlines()}) == many

    visitor.rows().first.get_by_role("checkbox").click()
    expect(page.get_by_text(re.compile("^[0-9]+ selected"))).to_be_visible()


def test_a_whole_list_is_exported(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    visitor.open("/sessions")
    expect(visitor.rows().first).to_be_visible()

    page.get_by_role("button", name="Export").click()
    lines = _saved(page, tmp_path, lambda: page.get_by_role("menuitem", name="JSONL").click())

    assert len(lines.splitlines()) == DEMO_SESSIONS


def test_an_event_that_was_just_sent_is_in_the_open_list_within_two_seconds(
    running: Embedded, visitor: Visitor
) -> None:
    visitor.running = project = new_project(running, "live")
    send(project, Span("the first"))
    until_found(project, {"event_type": "session"})
    visitor.open("/events")
    expect(visitor.rows().first).to_be_visible()
    visitor.page.evaluate("window.isTheSamePage = true")

    send(project, Span("just now"))
    sent = time.monotonic()
    visitor.page.get_by_role("link", name="just now", exact=True).first.wait_for()
    took = (time.monotonic() - sent) * 1000

    assert took < LIVE_MS
    assert visitor.page.evaluate("window.isTheSamePage")


def test_a_paused_list_stays_as_it_is_until_it_is_resumed(
    running: Embedded, visitor: Visitor
) -> None:
    visitor.running = project = new_project(running, "paused")
    send(project, Span("the first"))
    until_found(project, {"event_type": "session"})
    page = visitor.page
    visitor.open("/events")
    page.get_by_role("button", name="Pause live updates").click()
    expect(page.get_by_role("button", name="Resume live updates")).to_be_visible()

    send(project, Span("meanwhile"))
    until_found(project, {"event_name": "meanwhile"})
    expect(page.get_by_role("link", name="meanwhile")).to_have_count(0)
    page.get_by_role("button", name="Resume live updates").click()

    expect(page.get_by_role("link", name="meanwhile").first).to_be_visible()


def _is(name: str, value: str) -> dict[str, str]:
    return {"field": name, "operator": "is", "value": value, "type": "string"}


def _saved(page: Page, folder: Path, click: Callable[[], None]) -> bytes:
    with page.expect_download() as coming:
        click()
    download: Download = coming.value
    path = folder / download.suggested_filename
    download.save_as(path)
    return path.read_bytes()
