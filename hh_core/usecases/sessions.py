"""A session as a tree, page by page (contract B5, C2)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Row
from hh_core.usecases.belonging import Belonging, event_id
from hh_core.usecases.byte_cache import ByteCache
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.event_sources import SLICE
from hh_core.usecases.freshness import Freshness
from hh_core.usecases.outline import Outline, Outlines
from hh_core.usecases.page import too_large
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.session_rollup import FindSession
from hh_core.usecases.showing import shown
from hh_core.usecases.wide_events import Ahead, Told, WideEvents, told_of


@dataclass(frozen=True, slots=True)
class SessionPage:
    session: Event
    """The session event; ``children`` are nested in it."""
    count: int
    """Events in the whole session, the session itself apart."""
    next_cursor: str | None
    behind: bool


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
        self._wide = wide
        self._outlines = Outlines(analytics, belonging)
        self._cursors = cursors
        self._name_key = name_key
        self._turns = turns or Turns(ReadLimits())
        self._find = FindSession(
            analytics, self._outlines, freshness, self._turns, name_key=name_key
        )
        self._limits = self._turns.limits
        self._kept: ByteCache[Outline] = ByteCache(self._limits.outline_cache_bytes)

    async def tree(
        self,
        project: UUID,
        text: str,
        *,
        limit: int,
        cursor: str | None = None,
        wait: float | None = None,
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

        async def read(traces: Sequence[bytes]) -> tuple[Outline, bool, Ahead]:
            return await asyncio.gather(
                self._outline(project, key, traces, limit),
                self._wide.have_logs(project, traces),
                self._ahead(project, key, first, limit),
            )

        found = await self._find(project, text, wait, read)
        outline, has_logs, ahead = found.nodes
        async with self._turns.turn(project):
            page = outline.page(first, limit)
            told = replace(told_of([found.rollup]), has_logs=has_logs)
            session, events = await self._events(project, found.rollup, outline, page, told, ahead)
        _nest(session, events, outline, page)
        following = first + len(page)
        more = following < len(outline.order)
        sealed = self._cursors.seal(project, f"session {key}", following) if more else None
        return SessionPage(session, outline.count, sealed, found.behind)

    async def _outline(
        self, project: UUID, key: UUID, traces: Sequence[bytes], limit: int
    ) -> Outline:
        """Of a session of several pages: kept from one to the next, as long as its rows are those
        that it was made of."""
        kept = self._kept.get((project, key))
        if kept is not None and kept.mark == await self._outlines.mark(project, traces):
            return kept
        outline = await self._outlines.of(project, key, traces)
        if len(outline.order) > limit:
            self._kept.put((project, key), outline, outline.size)
        return outline

    async def _ahead(self, project: UUID, key: UUID, first: int, limit: int) -> Ahead:
        """The content of the first events of a page of the outline that is kept, read while it is
        asked whether that is still true."""
        kept = self._kept.get((project, key))
        if kept is None:
            return {}
        page = kept.page(first, min(limit, SLICE))
        nodes = [node for node in page if not kept.is_pending(node)]
        return await self._wide.read_ahead(project, kept.base_rows(nodes))

    async def _events(
        self,
        project: UUID,
        frame: Row,
        outline: Outline,
        page: Sequence[int],
        of_session: Told,
        ahead: Ahead,
    ) -> tuple[dict[str, Json], Mapping[int, Event]]:
        """The session, and the events of the page by node; pending parents are none."""
        key = event_id(frame)
        nodes = [node for node in page if not outline.is_pending(node)]
        events = outline.base_rows(nodes)
        rows = [frame, *events]
        parents = {
            event_id(row): outline.parent_of(node) or key
            for node, row in zip(nodes, events, strict=True)
        }
        told = replace(
            of_session,
            sessions=dict.fromkeys(map(event_id, rows), key),
            parents={**parents, **of_session.parents},
        )
        found: list[Event] = []
        size = 0
        async for some in self._wide.slices(project, rows, told, ahead=ahead):
            for event, data in await asyncio.to_thread(list, map(shown, some)):
                found.append(event)
                size += len(data)
            if size > self._limits.answer_bytes:
                raise too_large(self._limits.answer_bytes, "set limit to ask for fewer events")
        session, *others = found
        return cast("dict[str, Json]", session), dict(zip(nodes, others, strict=True))


def _nest(
    session: dict[str, Json], events: Mapping[int, Event], outline: Outline, page: Sequence[int]
) -> None:
    """Hang the events of a page under their parents, and those under the session."""
    session["children"] = []
    nodes: dict[int, dict[str, Json]] = {}
    for number in page:
        found = events.get(number)
        node: dict[str, Json] = (
            {
                "event_id": str(outline.event(number)),
                "session_id": session["session_id"],
                "pending": True,
            }
            if found is None
            else dict(found)
        )
        _hang(session, nodes, outline, number, {**node, "children": []})


def _hang(
    session: dict[str, Json],
    nodes: dict[int, dict[str, Json]],
    outline: Outline,
    number: int,
    node: dict[str, Json],
) -> None:
    """Add ``node``, and before it whatever ancestors an earlier page has shown."""
    while True:
        nodes[number] = node
        parent = outline.nesting[number]
        if parent is None:
            session["children"].append(node)
            return
        if parent in nodes:
            nodes[parent]["children"].append(node)
            return
        node = {"event_id": str(outline.event(parent)), "repeated": True, "children": [node]}
        number = parent
