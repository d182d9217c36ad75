"""A session as a tree on a terminal."""

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rich.text import Text
from rich.tree import Tree

from hh_cli.client import Client
from hh_cli.lookup import session_id
from hh_cli.screen import out, seconds, styled, visible
from hh_core.domain.twins import Failure, twins
from hh_core.errors import NotFoundError

Node = dict[str, Any]
"""An event with its ``children``."""
Document = dict[str, Any]

ICONS = {"session": "◉", "model": "✦", "tool": "⚙", "chain": "◇"}
COLOURS = {"session": "bold cyan", "model": "magenta", "tool": "yellow", "chain": "blue"}
NAME_LIMIT = 60
TEXT_LIMIT = 160
SHORT = 8
"""Characters of an id in lists: the start of a UUID."""
PAGE = 1000
MAX_EVENTS = 20_000


def latest_sessions(client: Client, *, limit: int = 1) -> list[str]:
    """The ids of the sessions that began last, newest first."""
    sessions = {"field": "event_type", "operator": "is", "value": "session", "type": "string"}
    answer = client.post("/v1/events/search", {"filters": [sessions], "limit": limit})
    return [str(event["session_id"]) for event in answer["events"]]


def read_session(client: Client, session: str | None) -> Document:
    """The whole tree of ``session``, or of the newest one, its pages put together.

    ``session`` may be the beginning of an id. Raises ``NotFoundError`` if there is none.
    """
    if session is None:
        newest = latest_sessions(client)
        if not newest:
            raise NotFoundError("no session has arrived yet; send traces, or try: hh demo")
        session = newest[0]
    else:
        session = session_id(client, session)
    path = f"/v1/sessions/{quote(session, safe='')}"
    document: Document = client.get(path, limit=PAGE)
    nodes = {node["event_id"]: node for node in _nodes(document["session"])}
    cursor = document.pop("next_cursor", None)
    while cursor is not None and len(nodes) < MAX_EVENTS:
        page: Document = client.get(path, limit=PAGE, cursor=cursor)
        _join(page["session"], nodes)
        cursor = page.get("next_cursor")
    if cursor is not None:
        document["next_cursor"] = cursor
    return document


def _join(page: Node, nodes: dict[str, Node]) -> None:
    """Hang what a page adds under the nodes of earlier pages, which come again as ``repeated``."""
    for parent in list(_nodes(page)):
        known = nodes.setdefault(parent["event_id"], parent)
        if known is not parent:
            fresh = [child for child in _children(parent) if child["event_id"] not in nodes]
            known.setdefault("children", []).extend(fresh)


def _nodes(root: Node) -> Iterator[Node]:
    """Parents before their children."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(_children(node))


def print_session(client: Client, session: str | None) -> None:
    """A rich tree: icons and colours by type, duration, tokens, cost, model, errors."""
    document = read_session(client, session)
    out.print(_tree(document["session"]))
    if document.get("next_cursor"):
        out.print(f"only the first {MAX_EVENTS} of {document['count']} events", style="dim")
    if document.get("behind"):
        out.print("some acknowledged events are not indexed yet", style="dim")


def _tree(session: Node) -> Tree:
    again = _told_again(session)
    tree = Tree(line(session), guide_style="dim")
    stack = [(tree, child) for child in reversed(_children(session))]
    while stack:
        parent, event = stack.pop()
        if event["event_id"] in again and not _children(event):
            continue
        branch = parent.add(line(event, with_id=True))
        stack += [(branch, child) for child in reversed(_children(event))]
    return tree


def _told_again(session: Node) -> Mapping[str, str]:
    """The events that only repeat another one's failure: ``hh event`` shows them."""
    failures = [
        Failure(
            event_id=str(event["event_id"]),
            parent_id=str(event.get("parent_id") or session["event_id"]),
            name=str(event.get("event_name") or ""),
            error=str(event["error"]),
            start=_number(event.get("start_time")) or 0,
        )
        for event in _nodes(session)
        if event is not session and event.get("error") and event.get("event_id")
    ]
    return twins(str(session["event_id"]), failures)


def _children(event: Node) -> list[Node]:
    found = event.get("children")
    return found if isinstance(found, list) else []


def line(event: Node, *, with_id: bool = False) -> Text:
    """An event in one line; ``with_id`` with the beginning of its id, for ``hh event``."""
    kind = str(event.get("event_type", "tool"))
    colour = COLOURS.get(kind, "white")
    shown = Text(f"{ICONS.get(kind, '•')} ", style=colour, no_wrap=False)
    name = event.get("event_name") or event.get("session_id") or "unknown"
    shown.append(styled(name, colour, limit=NAME_LIMIT))
    for text, style in _details(event, kind):
        shown.append("  ").append(styled(text, style, limit=TEXT_LIMIT))
    if with_id and event.get("event_id"):
        shown.append("  ").append(styled(short(event["event_id"]), "dim"))
    return shown


def short(id_: object) -> str:
    """As much of an id as tells it from others."""
    return str(id_)[:SHORT]


def _details(event: Node, kind: str) -> list[tuple[str, str]]:
    metadata = event.get("metadata") or {}
    config = event.get("config") or {}
    details = []
    if kind == "session" and event.get("session_id"):
        details.append((str(event["session_id"]), "dim"))
        details.append((f"{metadata.get('num_events', 0)} events", "dim"))
    if event.get("pending"):
        details.append(("pending: its parent has not arrived", "yellow"))
    if (duration := _number(event.get("duration"))) is not None:
        details.append((seconds(duration), "green"))
    if kind == "model" and (model := config.get("model") or metadata.get("model")):
        details.append((str(model), "cyan"))
    if tokens := tokens_of(metadata):
        details.append((f"{tokens} tokens", "dim"))
    if cost := _number(metadata.get("cost")):
        details.append((dollars(cost), "dim"))
    if event.get("error"):
        details.append((f"✗ {visible(event['error'])}", "bold red"))
    return details


def dollars(cost: float) -> str:
    """To a millionth; what is less to its first two digits."""
    digits = 6 if cost >= 1e-6 else 1 - math.floor(math.log10(cost))
    return f"${cost:.{digits}f}".rstrip("0").rstrip(".")


def tokens_of(metadata: Mapping[str, Any]) -> int:
    total = _number(metadata.get("total_tokens"))
    if total is None:
        parts = [_number(metadata.get(f"{part}_tokens")) for part in ("prompt", "completion")]
        total = sum(part for part in parts if part is not None)
    return int(total)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
