"""What pages look like when there is nothing, not yet, not at all, or far too much: over the demo's
traffic, an empty project, and one whose every text is long.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, urlencode

from embedded import Embedded

from explorer.acts import (
    above_rows,
    correct,
    open_account,
    open_switcher,
    open_tab,
    press,
    save_views,
    select_rows,
    type_filter,
)
from explorer.longest import PROJECT, RTL, SILENT, WORD, LongSession, send_long
from explorer.pages import PIANO
from explorer.state import State
from explorer.traffic import new_project, until_found

_OUTLINE = "**/outline*"
_EVENT = "**/v1/events/*-*"
_LISTS = "**/v1/events/{search,histogram}"
_DETAILS = ("complementary", "Details of the event")
_NOWHERE = "00000000-0000-4000-8000-000000000000"


def unusual_states(running: Embedded, shop: Embedded) -> dict[str, State]:
    """Of new projects beside the shop; returns when all that they hold can be read."""
    long = new_project(running, PROJECT)
    return states(shop, new_project(running, "Nothing sent"), long, send_long(long))


def states(shop: Embedded, empty: Embedded, long: Embedded, told: LongSession) -> dict[str, State]:
    """By name, those of somebody who is signed in."""
    calls = until_found(shop, {"event_type": "model"})
    call = next(one for one in calls if one["session_id"].startswith(PIANO))
    session = f"/sessions/{call['session_id']}"
    event = f"{session}?event={call['event_id']}"
    of_shop = {**_loading(session, event), **_failing(session, event)}
    return {
        **{name: replace(state, at=shop) for name, state in of_shop.items()},
        **{
            name: replace(state, at=state.at or empty) for name, state in _empty(shop, long).items()
        },
        **{name: replace(state, at=long) for name, state in _long(told).items()},
    }


def _empty(shop: Embedded, long: Embedded) -> Mapping[str, State]:
    silent = f"/sessions/{SILENT}"
    return {
        "sessions-empty": State(path="/sessions", shown=("heading", "No events yet")),
        "start-empty": State(path="/start", shown=("heading", "Run it")),
        "projects": State(path="~/", shown=("heading", "Projects"), at=shop),
        "outside": State(
            path="/sessions?from=1&to=2", shown=("button", re.compile("^Show all time")), at=shop
        ),
        "no-page": State(path="~/nothing/here", shown=("heading", "There is no such page")),
        "views-empty": State(
            path="/events", shown=("dialog", "Views"), act=above_rows(press("Views")), at=shop
        ),
        "thread-empty": State(
            path=f"{silent}?view=thread",
            shown=("heading", "No conversation in this session"),
            at=long,
        ),
        "summary-empty": State(path=f"{silent}?view=summary", shown=("region", "Models"), at=long),
        "tree-empty": State(
            path=f"{silent}?only=tool", shown=("button", "Show all events"), at=long
        ),
    }


def _loading(session: str, event: str) -> Mapping[str, State]:
    busy = ("status", None)
    return {
        "sessions-loading": State(path="/sessions", shown=("heading", "Sessions"), held=_LISTS),
        "session-loading": State(
            path=session, shown=("status", "Loading the session"), held=_OUTLINE
        ),
        "details-loading": State(path=event, shown=_DETAILS, held=_EVENT),
        "thread-loading": State(path=f"{session}?view=thread", shown=("list", "Chat"), held=_EVENT),
        "cost-loading": State(path=event, shown=_DETAILS, held="**/cost", act=open_tab("Cost")),
        "start-loading": State(path="/start", shown=busy, held="**/v1/tokens"),
        "projects-loading": State(path="~/", shown=busy, held="**/v1/orgs"),
        "completion-loading": State(
            path="/events",
            shown=("listbox", "Suggestions"),
            held="**/v1/events/values",
            act=type_filter("config.model = "),
        ),
    }


def _failing(session: str, event: str) -> Mapping[str, State]:
    alert = ("alert", None)
    return {
        "sessions-failing": State(path="/sessions", shown=alert, failing=_LISTS),
        "session-failing": State(path=session, shown=alert, failing=_OUTLINE),
        "details-failing": State(path=event, shown=alert, failing=_EVENT),
        "cost-failing": State(path=event, shown=alert, failing="**/cost", act=open_tab("Cost")),
        "start-failing": State(path="/start", shown=alert, failing="**/v1/tokens"),
        "projects-failing": State(path="~/", shown=alert, failing="**/v1/orgs"),
        "unreachable": State(path="/sessions", shown=alert, cut=_LISTS),
        "no-project": State(
            path=f"~/projects/{_NOWHERE}/sessions", shown=alert, complaints=("404", "ApiError")
        ),
        "key-failing": State(
            path="/start", shown=alert, failing="**/keys", act=press("Create a key")
        ),
    }


def _long(told: LongSession) -> Mapping[str, State]:
    session = f"/sessions/{quote(told.session, safe='')}"
    details = ("region", "Output")
    key = WORD[:60]
    columns = f"event_name,user_properties.user_id,config.model,error,metadata.{key}"
    chips = f"event_name ~ {WORD[:200]} user_properties.user_id ~ {WORD[:250]} event_type != tool"
    views = {"q": f"event_name ~ {WORD[:80]}"}
    call = f"{session}?event={told.call}"
    return {
        "sessions-long": State(path="/sessions", shown=("gridcell", None)),
        "models-long": State(path="/models", shown=("gridcell", None)),
        "events-long": State(
            path=f"/events?{urlencode({'columns': columns})}", shown=("gridcell", None)
        ),
        "filter-long": State(path=f"/events?{urlencode({'q': chips})}", shown=("gridcell", None)),
        "filter-text-long": State(
            path=f"/events?{urlencode({'q': chips})}",
            shown=("gridcell", None),
            act=press("Edit as text"),
        ),
        "no-match-long": State(
            path="/events?" + urlencode({"q": f"{chips} duration > 9999999"}),
            shown=("heading", "No events match"),
        ),
        "typo-long": State(
            path="/events?" + urlencode({"q": f"metadata.{key[:-3]}sss = {WORD[:250]}"}),
            shown=("heading", "No events match"),
        ),
        "completion-long": State(
            path="/events",
            shown=("option", re.compile("^quarterly")),
            act=type_filter("metadata." + WORD[:60] + " = "),
        ),
        "columns-long": State(
            path=f"/events?{urlencode({'columns': columns})}",
            shown=("dialog", "Columns"),
            is_wide=True,
            act=above_rows(press("Columns")),
        ),
        "views-long": State(
            path="/events?" + urlencode(views),
            shown=("dialog", "Views"),
            act=above_rows(save_views),
        ),
        "selection-long": State(
            path="/events", shown=("region", "Selection"), act=select_rows, is_wide=True
        ),
        "switcher-long": State(
            path="/sessions", shown=("option", None), act=above_rows(open_switcher)
        ),
        "account": State(path="/sessions", shown=("menu", None), act=above_rows(open_account)),
        "tree-long": State(path=call, shown=details),
        "tree-rtl": State(path=f"/sessions/{quote(RTL, safe='')}", shown=("treegrid", None)),
        "failure-long": State(path=f"{session}?event={told.failed}", shown=details),
        "attributes-long": State(path=call, shown=_DETAILS, act=open_tab("Attributes")),
        "json-long": State(path=call, shown=("textbox", "JSON"), act=open_tab("JSON")),
        "cost-long": State(path=call, shown=_DETAILS, act=open_tab("Cost")),
        "feedback-long": State(path=call, shown=("textbox", "Correct the output"), act=correct),
        "graph-long": State(path=f"{session}?view=graph", shown=("button", re.compile("^Step"))),
        "thread-long": State(path=f"{session}?view=thread", shown=("list", "Chat")),
        "summary-long": State(path=f"{session}?view=summary", shown=("region", "Models")),
    }
