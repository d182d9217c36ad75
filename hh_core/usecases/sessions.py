"""A session as a tree, page by page (contract B5, C2)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.identity import NIL, name_key, span_event_id
from hh_core.domain.tree import Node, SessionTree, TreeRow, build_tree
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row, Value
from hh_core.usecases.belonging import BASE, LIGHT, TRACE_ROWS, Belonging, event_id, parts, trace_id
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.page import too_large
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.showing import shown
from hh_core.usecases.wide_events import WideEvents

MAX_DEPTH = 64
"""Deeper nodes hang under their ancestor at this depth; ``parent_id`` tells the truth."""


@dataclass(frozen=True, slots=True)
class SessionPage:
    session: Event
    """The session event; ``children`` are nested in it."""
    count: int
    """Events in the whole session, the session itself apart."""
    next_cursor: str | None
    behind: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A node in document order. ``row`` is None for a parent that has not arrived."""

    event: UUID
    parent: UUID | None
    """The node that it is nested in; None: the session."""
    row: Row | None


class Sessions:
    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        belonging: Belonging,
        freshness: Freshness,
        cursors: Cursors,
        *,
        name_key: bytes,
        turns: Turns | None = None,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._belonging = belonging
        self._freshness = freshness
        self._cursors = cursors
        self._name_key = name_key
        self._turns = turns or Turns(ReadLimits())
        self._limits = self._turns.limits

    async def tree(
        self, project: UUID, text: str, *, limit: int, cursor: str | None = None
    ) -> SessionPage:
        """The events of a session nested under each other, siblings by start time.

        Pages are cut in document order; an ancestor from an earlier page comes again with its id
        only, marked ``repeated``. A parent that has not arrived is a node marked ``pending``.
        Raises ``NotFoundError`` for an unknown session and another project's alike,
        ``NotYetError`` while the index is behind, ``RejectedError`` (422) for a page that is too
        large or takes too long.
        """
        key = name_key(self._name_key, project, text)
        first = 0 if cursor is None else self._cursors.open(project, f"session {key}", cursor)
        behind = await self._freshness.behind(project)
        async with self._turns.turn(project):
            frame = await self._frame(project, key, behind)
            around = await self._rows(project, key)
            places = await self._placed(project, key, around)
            listed = places[first : first + limit]
            following = first + len(listed)
            rows = [place.row for place in listed if place.row is not None]
            session, *events = await self._events(project, [frame, *rows], around)
        _nest(cast("dict[str, Json]", session), events, rows, places, first, following)
        count = sum(place.row is not None for place in places)
        more = following < len(places)
        sealed = self._cursors.seal(project, f"session {key}", following) if more else None
        return SessionPage(session, count, sealed, behind)

    async def _events(
        self, project: UUID, rows: Sequence[Row], around: Sequence[Row]
    ) -> list[Event]:
        found: list[Event] = []
        size = 0
        async for some in self._wide.slices(project, rows, around):
            for event, data in await asyncio.to_thread(list, map(shown, some)):
                found.append(event)
                size += len(data)
            if size > self._limits.answer_bytes:
                raise too_large(self._limits.answer_bytes, "set limit to ask for fewer events")
        return found

    async def _frame(self, project: UUID, key: UUID, behind: bool) -> Row:
        rows = await self._analytics.select(
            Query(
                relation=Relation.LISTING,
                project=project,
                columns=LIGHT,
                where=(
                    Condition("event_id", Op.EQ, key),
                    Condition("event_type", Op.EQ, "session"),
                ),
                limit=1,
            )
        )
        if not rows:
            raise missing("session", behind)
        return rows[0]

    async def _placed(self, project: UUID, key: UUID, rows: Sequence[Row]) -> Sequence[_Place]:
        """The session's nodes in document order."""
        belongs = await self._belonging.sessions(project, rows)
        mine = {event_id(row): row for row in rows if belongs[event_id(row)] == key}
        elsewhere = [row for row in rows if event_id(row) not in mine]
        spans = {(trace_id(row), row["span_id"]) for row in elsewhere}
        spans -= {(trace_id(row), row["span_id"]) for row in mine.values()}
        outside = {key, *(event_id(row) for row in elsewhere)}
        tree = build_tree(_tree_row(row, outside, spans) for row in mine.values())
        return _document_order(project, tree, mine)

    async def _rows(self, project: UUID, key: UUID) -> Sequence[Row]:
        """All rows of the traces that the session may hold."""
        links = await self._analytics.select(
            Query(
                relation=Relation.SESSION_TRACES,
                project=project,
                columns=("trace_id",),
                where=(Condition("session_key", Op.EQ, key),),
                limit=TRACE_ROWS,
            )
        )
        rows: list[Row] = []
        for part in parts([cast(bytes, link["trace_id"]) for link in links]):
            rows += await self._analytics.select(
                Query(
                    relation=Relation.EVENTS,
                    project=project,
                    columns=BASE,
                    where=(Condition("trace_id", Op.IN, part),),
                    limit=TRACE_ROWS,
                )
            )
        return rows


def _tree_row(
    row: Row, outside: Collection[UUID], spans: Collection[tuple[bytes, Value]]
) -> TreeRow:
    """A parent in another session (contract B7) leaves its child at the top of this one."""
    parent_event = cast(UUID, row["parent_event_id"])
    parent_span = cast(bytes, row["parent_span_id"])
    return TreeRow(
        event_id(row),
        trace_id(row),
        cast(bytes, row["span_id"]),
        b"" if parent_event in outside or (trace_id(row), parent_span) in spans else parent_span,
        NIL if parent_event in outside else parent_event,
        cast(int, row["start_ns"]),
    )


def _document_order(project: UUID, tree: SessionTree, rows: Mapping[UUID, Row]) -> Sequence[_Place]:
    places: list[_Place] = []
    path: list[UUID] = []
    for depth, node in tree.walk():
        event = _id(project, node)
        del path[depth:]
        parent = path[min(len(path), MAX_DEPTH) - 1] if path else None
        places.append(_Place(event, parent, rows.get(event)))
        path.append(event)
    return places


def _id(project: UUID, node: Node) -> UUID:
    """The event id of a node; of a pending span the one that it will most likely have."""
    if isinstance(node, TreeRow) or node.event_id != NIL:
        return node.event_id
    return span_event_id(project, node.trace_id, node.span_id, None)


def _nest(
    session: dict[str, Json],
    events: Sequence[Event],
    rows: Sequence[Row],
    places: Sequence[_Place],
    first: int,
    following: int,
) -> None:
    """Hang the events of a page under their parents, and those under the session."""
    session["children"] = []
    known = {event_id(row): event for row, event in zip(rows, events, strict=True)}
    parents = {place.event: place.parent for place in places}
    nodes: dict[UUID, dict[str, Json]] = {}
    for place in places[first:following]:
        found = known.get(place.event)
        node: dict[str, Json] = (
            {"event_id": str(place.event), "session_id": session["session_id"], "pending": True}
            if found is None
            else dict(found)
        )
        _hang(session, nodes, parents, place.event, {**node, "children": []})


def _hang(
    session: dict[str, Json],
    nodes: dict[UUID, dict[str, Json]],
    parents: Mapping[UUID, UUID | None],
    event: UUID,
    node: dict[str, Json],
) -> None:
    """Add ``node``, and before it whatever ancestors an earlier page has shown."""
    while True:
        nodes[event] = node
        parent = parents[event]
        if parent is None:
            session["children"].append(node)
            return
        if parent in nodes:
            nodes[parent]["children"].append(node)
            return
        node = {"event_id": str(parent), "repeated": True, "children": [node]}
        event = parent
