"""One session in the explorer: its views, its keys, its details, and what people add to it."""

import re
from typing import Any

import pytest
from embedded import Embedded
from explorer import PHONE, Visitor, visit
from explorer.traffic import Span, new_project, send, until_found
from playwright.sync_api import Browser, Locator, Page, expect

VIEWS = {
    "Tree": "Events of the session",
    "Graph": "Steps of the session",
    "Thread": "Chat",
    "Summary": "Summary of the session",
}
"""Each with what a screen reader calls its content."""
FAILED_ORDER = "there is no order Z-9999"
LONG_NUMBER = 1234567890123456789
"""Beyond 2^53: a JavaScript number would end with 800."""
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 9,
}


@pytest.fixture(scope="module")
def piano(shop: Embedded) -> dict[str, Any]:
    """The demo's session in which a model is overloaded and an order is not found."""
    sessions = until_found(shop, {"event_type": "session"})
    return next(one for one in sessions if one["session_id"].startswith("piano-question-openin"))


@pytest.fixture(scope="module")
def events(shop: Embedded, piano: dict[str, Any]) -> list[dict[str, Any]]:
    found = until_found(shop, {"session_id": piano["session_id"]})
    return sorted(found, key=lambda one: float(one["start_time"]))


@pytest.fixture(scope="module")
def call(events: list[dict[str, Any]]) -> dict[str, Any]:
    """A model call that asked for a tool."""
    return next(one for one in events if one["outputs"].get("tool_calls"))


def open_session(visitor: Visitor, session: dict[str, Any], more: str = "") -> Page:
    visitor.open(f"/sessions/{session['session_id']}{more}")
    return visitor.page


def selected(visitor: Visitor) -> Locator:
    return visitor.page.locator("[role=treegrid] [role=row][aria-selected=true]")


def details(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Details of the event")


def choose(page: Page, view: str) -> None:
    page.get_by_role("radiogroup", name="View").get_by_text(view, exact=True).click()


def test_the_tree_shows_every_event_with_time_tokens_and_failures(
    visitor: Visitor, piano: dict[str, Any]
) -> None:
    page = open_session(visitor, piano)

    tree = page.get_by_role("treegrid", name=VIEWS["Tree"])
    expected = piano["metadata"]["num_events"] + 1
    expect(tree).to_have_attribute("aria-rowcount", str(expected))
    expect(page.get_by_role("heading", level=1)).to_have_text(piano["event_name"])
    expect(tree.get_by_role("row", name=re.compile("look_up_order")).last).to_contain_text(
        "OrderNotFoundError"
    )


def test_a_branch_is_folded_and_unfolded(visitor: Visitor, piano: dict[str, Any]) -> None:
    page = open_session(visitor, piano)
    agent = visitor.rows().filter(has_text="support_agent").first
    expect(agent).to_have_attribute("aria-expanded", "true")
    before = visitor.rows().count()

    agent.get_by_role("button", name="Fold").click()
    expect(agent).to_have_attribute("aria-expanded", "false")
    assert visitor.rows().count() < before
    agent.get_by_role("button", name="Unfold").click()

    expect(visitor.rows()).to_have_count(before)
    page.get_by_role("button", name="Fold", exact=True).first.click()
    page.get_by_role("menuitem", name="Fold all", exact=True).click()
    expect(visitor.rows()).to_have_count(2)


def test_a_session_is_read_with_the_keyboard_alone(visitor: Visitor, piano: dict[str, Any]) -> None:
    page = open_session(visitor, piano)
    expect(visitor.rows().first).to_be_visible()
    rows, marked = visitor.rows(), selected(visitor)

    page.keyboard.press("j")
    expect(marked).to_have_attribute("aria-rowindex", "2")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(marked).to_have_attribute("aria-rowindex", "3")
    page.get_by_role("treegrid").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(marked).to_have_attribute("aria-rowindex", "2")
    page.keyboard.press("ArrowLeft")
    expect(rows.first).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    expect(rows.first).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("End")
    expect(marked).to_have_attribute("aria-rowindex", str(rows.count() + 1))
    page.keyboard.press("Home")
    expect(marked).to_have_attribute("aria-rowindex", "2")

    page.keyboard.press("/")
    page.keyboard.type("look_up")
    expect(page.get_by_role("status").filter(has_text=re.compile(r"of 2"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(marked).to_contain_text("look_up_order")
    page.keyboard.press("Escape")
    expect(page.get_by_role("treegrid")).to_be_focused()
    page.keyboard.press("e")
    expect(marked).to_contain_text("RateLimitError")
    page.keyboard.press("Enter")
    expect(details(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(details(page)).to_have_count(0)
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next error")


def test_only_the_chosen_kinds_stand_in_the_tree(visitor: Visitor, piano: dict[str, Any]) -> None:
    page = open_session(visitor, piano)
    page.get_by_role("group", name="Show only").get_by_text("Tools").click()

    expect(visitor.rows().filter(has_text="gpt-")).to_have_count(0)
    expect(visitor.rows().filter(has_text="look_up_order").first).to_be_visible()
    expect(page).to_have_url(re.compile("only=tool"))


def test_what_is_selected_in_one_view_is_selected_in_the_others(
    visitor: Visitor, piano: dict[str, Any], call: dict[str, Any]
) -> None:
    page = open_session(visitor, piano)
    expect(visitor.rows().first).to_be_visible()
    visitor.rows().filter(has_text="CreateEmbeddings").first.click()
    expect(details(page).get_by_role("heading", level=2)).to_have_text("CreateEmbeddings")
    choose(page, "Graph")
    step = page.get_by_title(re.compile("^CreateEmbeddings, called"))
    expect(step).to_have_attribute("aria-pressed", "true")

    page.get_by_title(re.compile("^look_up_order, called 2 times")).click()
    expect(details(page).get_by_role("heading", level=2)).to_have_text("look_up_order")
    choose(page, "Summary")
    tools = page.get_by_role("region", name="Tools")
    expect(tools.get_by_role("button", name="look_up_order")).to_have_attribute(
        "aria-pressed", "true"
    )
    choose(page, "Tree")
    expect(selected(visitor)).to_contain_text("look_up_order")

    choose(page, "Thread")
    turns = page.get_by_role("list", name="Chat").get_by_role("button", name="ChatCompletion")
    turns.first.click()
    expect(turns.first).to_have_attribute("aria-current", "true")
    choose(page, "Tree")
    expect(selected(visitor)).to_contain_text("ChatCompletion")


def test_the_graph_tells_calls_times_and_the_critical_path(
    visitor: Visitor, piano: dict[str, Any]
) -> None:
    page = open_session(visitor, piano, "?view=graph")
    boxes = page.get_by_title(re.compile(", called "))
    expect(boxes.filter(has_text="support_agent")).to_have_count(1)
    expect(page.locator("[data-critical]").first).to_be_visible()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Show all").click()
    expect(boxes.first).to_be_in_viewport()


def test_the_thread_is_the_conversation_with_tool_calls_and_their_answers(
    visitor: Visitor, piano: dict[str, Any]
) -> None:
    page = open_session(visitor, piano, "?view=thread")
    chat = page.get_by_role("list", name="Chat")

    expect(chat.get_by_text("change order A-1077 to the white model").first).to_be_visible()
    expect(chat.get_by_text("calls look_up_order").first).to_be_visible()
    expect(chat.get_by_text("Stage piano P-125").first).to_be_visible()
    expect(chat.get_by_text(FAILED_ORDER).first).to_be_visible()


def test_the_summary_adds_up_models_tools_and_errors(
    visitor: Visitor, piano: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    page = open_session(visitor, piano, "?view=summary")
    totals = page.get_by_label("Totals")
    expect(totals).to_contain_text(str(piano["metadata"]["total_tokens"]))
    failed = sum(bool(one["error"]) for one in events)
    expect(totals).to_contain_text(f"Errors{failed}")

    failures = page.get_by_role("region", name="Errors").get_by_role("row")
    expect(failures.filter(has_text="OrderNotFoundError")).to_have_count(1)
    models = page.get_by_role("region", name="Models")
    expect(models.get_by_role("row").filter(has_text="text-embedding-3-small")).to_have_count(1)


def test_the_details_tell_content_attributes_cost_and_what_was_sent(
    visitor: Visitor, piano: dict[str, Any], call: dict[str, Any]
) -> None:
    page = open_session(visitor, piano, f"?event={call['event_id']}")
    pane = details(page)
    expect(pane.get_by_role("region", name="Input")).to_contain_text("musical instruments")
    pane.get_by_role("radiogroup", name="Input").get_by_text("JSON").click()
    expect(pane.get_by_role("button", name=re.compile("^chat_history"))).to_be_visible()

    _tab(pane, "Attributes")
    expect(pane.get_by_role("region", name="Config")).to_contain_text(call["config"]["model"])
    _tab(pane, "Cost")
    expect(pane.get_by_role("table", name="Counts")).to_contain_text(
        str(call["metadata"]["prompt_tokens"])
    )
    expect(pane.get_by_role("table", name="Arithmetic")).to_contain_text("prompt")
    expect(pane).to_contain_text("Price book")
    _tab(pane, "JSON")
    editor = pane.get_by_role("textbox", name="JSON")
    expect(editor).to_contain_text(call["event_id"])
    pane.get_by_role("button", name="Search in the JSON").click()
    pane.get_by_role("textbox", name="Find").press_sequentially("total_tokens")
    page.keyboard.press("Enter")
    expect(pane.locator(".cm-searchMatch").first).to_be_visible()
    _tab(pane, "As sent")
    expect(editor).to_contain_text("resourceSpans")


def test_a_value_and_its_path_are_copied_from_the_json(
    visitor: Visitor, piano: dict[str, Any], call: dict[str, Any]
) -> None:
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_session(visitor, piano, f"?event={call['event_id']}")
    _tab(details(page), "Attributes")
    line = details(page).get_by_role("region", name="Config").get_by_role("listitem").first
    line.hover()

    line.get_by_role("button", name="Copy path config.").click()
    path = page.evaluate("navigator.clipboard.readText()")
    line.get_by_role("button", name=f"Copy value of {path}").click()

    area, _, key = path.partition(".")
    assert page.evaluate("navigator.clipboard.readText()") == str(call[area][key])


def test_a_number_that_javascript_cannot_hold_is_shown_and_copied_as_it_was_written(
    running: Embedded, visitor: Visitor
) -> None:
    visitor.running = project = new_project(running, "numbers")
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    asked = f'{{"order": {LONG_NUMBER}}}'
    tool = {"openinference.span.kind": "TOOL", "input.value": asked, "order": LONG_NUMBER}
    send(project, Span("look up", {**tool, "session.id": "s"}))
    (event,) = until_found(project, {"event_name": "look up", "event_type": "tool"})
    page = open_session(visitor, event, f"?event={event['event_id']}")

    value = details(page).get_by_role("region", name="Input")
    expect(value).to_contain_text(str(LONG_NUMBER))
    value.hover()
    value.get_by_role("button", name="Copy value of inputs.order").click()
    assert page.evaluate("navigator.clipboard.readText()") == str(LONG_NUMBER)
    _tab(details(page), "JSON")
    expect(details(page).get_by_role("textbox", name="JSON")).to_contain_text(
        f'"order": {LONG_NUMBER}'
    )

    visitor.open("/events?columns=event_name,metadata.order")
    expect(visitor.rows().filter(has_text=str(LONG_NUMBER))).to_have_count(1)


def test_the_error_stands_first_with_its_stack_trace(
    visitor: Visitor, piano: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    failed = next(one for one in events if FAILED_ORDER in str(one.get("error")))
    page = open_session(visitor, piano, f"?event={failed['event_id']}")
    note = details(page).get_by_role("region", name="Error")
    expect(note).to_contain_text(FAILED_ORDER)
    note.get_by_text("Stack trace").click()
    expect(note).to_contain_text("Traceback (most recent call last)")


def test_feedback_a_correction_and_metadata_are_kept(
    visitor: Visitor, piano: dict[str, Any], call: dict[str, Any]
) -> None:
    page = open_session(visitor, piano, f"?event={call['event_id']}")
    pane = details(page)
    pane.get_by_role("button", name="Good answer").click()
    pane.get_by_label("Comment").fill("it asked for the right tool")
    _save(page, pane)
    pane.get_by_role("button", name="Correct the output").click()
    pane.get_by_label("Correct the output").and_(pane.get_by_role("textbox")).fill("call both")
    _save(page, pane)
    pane.get_by_role("button", name="Add metadata").click()
    pane.get_by_role("textbox", name="Name").fill("reviewed_by")
    pane.get_by_role("textbox", name="Value").fill("mara")
    _save(page, pane)

    page.reload()
    expect(pane.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    _tab(pane, "Attributes")
    feedback = pane.get_by_role("region", name="Feedback")
    expect(feedback).to_contain_text("it asked for the right tool")
    expect(feedback).to_contain_text("call both")
    expect(pane.get_by_role("region", name="Metadata")).to_contain_text("reviewed_by")


def test_a_running_session_grows_in_place_and_settles(running: Embedded, visitor: Visitor) -> None:
    visitor.running = project = new_project(running, "running")
    root = Span("the agent", {"session.id": "s"}, start=900)
    first = Span("chat first", {**CALL, "session.id": "s"}, parent=root, start=800, end=700)
    send(project, first)
    (event,) = until_found(project, {"event_name": "chat first", "event_type": "model"})
    page = open_session(visitor, event)
    expect(visitor.rows().filter(has_text="running")).to_have_count(1)
    expect(visitor.rows().filter(has_text="chat first")).to_be_visible()
    page.evaluate("window.isTheSamePage = true")

    send(project, Span("chat second", {**CALL, "session.id": "s"}, parent=root, start=600, end=500))
    expect(visitor.rows().filter(has_text="chat second")).to_be_visible()
    send(project, root)

    expect(visitor.rows().filter(has_text="the agent")).to_be_visible()
    expect(visitor.rows().filter(has_text="running")).to_have_count(0)
    assert page.evaluate("window.isTheSamePage")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_a_link_that_a_reload_and_another_browser_open_alike(
    visitor: Visitor, piano: dict[str, Any], call: dict[str, Any], view: str
) -> None:
    page = open_session(visitor, piano, f"?event={call['event_id']}")
    choose(page, view)
    expect(page.get_by_label(VIEWS[view], exact=True).first).to_be_visible()
    address = page.url
    title = details(page).get_by_role("heading", level=2)
    expect(title).to_have_text(call["event_name"])

    page.reload()
    expect(page.get_by_label(VIEWS[view], exact=True).first).to_be_visible()
    expect(title).to_have_text(call["event_name"])
    assert page.url == address
    with page.context.new_page() as other:
        other.goto(address)
        expect(other.get_by_label(VIEWS[view], exact=True).first).to_be_visible()


def test_back_and_forward_pass_through_the_views(visitor: Visitor, piano: dict[str, Any]) -> None:
    page = open_session(visitor, piano)
    for view in ("Graph", "Summary"):
        choose(page, view)
        expect(page).to_have_url(re.compile(f"view={view.lower()}"))

    page.go_back()
    expect(page.get_by_label(VIEWS["Graph"])).to_be_visible()
    page.go_back()
    expect(page.get_by_role("treegrid")).to_be_visible()
    page.go_forward()
    expect(page.get_by_label(VIEWS["Graph"])).to_be_visible()


def test_one_goes_from_session_to_session_in_the_order_of_the_list(
    visitor: Visitor, shop: Embedded
) -> None:
    sessions = until_found(shop, {"event_type": "session"})
    ids = [one["session_id"] for one in sorted(sessions, key=lambda one: -one["duration"])]
    page = visitor.page
    visitor.open("/sessions?sort=-duration")
    visitor.rows().filter(has_text=ids[1]).get_by_role("link").click()
    following = page.get_by_role("button", name="Next session")
    expect(following).to_be_visible()

    following.click()
    expect(page).to_have_url(re.compile(f"/sessions/{ids[2]}#"))
    page.get_by_role("treegrid").wait_for()
    page.keyboard.press("Shift+K")
    expect(page).to_have_url(re.compile(f"/sessions/{ids[1]}#"))
    page.reload()
    page.get_by_role("button", name="Previous session").click()
    expect(page).to_have_url(re.compile(f"/sessions/{ids[0]}#"))
    before = page.get_by_role("button", name="Previous session")
    expect(before).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Sessions", exact=True).last.click()
    expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute(
        "aria-sort", "descending"
    )


def test_a_session_names_its_user_and_leads_to_what_else_that_one_did(
    visitor: Visitor, piano: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    (user,) = {one["user_properties"].get("user_id") for one in events} - {None}
    page = open_session(visitor, piano)
    page.get_by_role("link", name=user, exact=True).click()

    expect(page.get_by_role("grid", name="All events")).to_be_visible()
    expect(
        page.get_by_role("button", name=f"Edit user_properties.user_id is {user}")
    ).to_be_visible()


def test_the_graph_fits_a_phone_when_it_is_opened(
    browser: Browser, shop: Embedded, session_cookie: str, piano: dict[str, Any]
) -> None:
    with visit(browser, shop, session=session_cookie, viewport=PHONE) as visitor:
        page = open_session(visitor, piano, "?view=graph")
        boxes = page.get_by_title(re.compile(", called "))
        expect(boxes.first).to_be_visible()
        for box in boxes.all():
            place = box.bounding_box()
            assert place is not None
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= PHONE["width"]


def test_a_session_that_is_not_there_says_so(visitor: Visitor) -> None:
    visitor.open("/sessions/00000000-0000-4000-8000-000000000000")
    expect(visitor.page.get_by_role("alert")).to_contain_text("no such event or session")
    visitor.forgive("404 (Not Found)")


def _tab(pane: Locator, name: str) -> None:
    pane.get_by_role("tab", name=name, exact=True).click()


def _save(page: Page, pane: Locator) -> None:
    with page.expect_response(lambda answer: answer.request.method == "PUT") as saved:
        pane.get_by_role("button", name="Save", exact=True).click()
    assert saved.value.ok
