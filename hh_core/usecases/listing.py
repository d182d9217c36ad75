"""One page of a list: by the index alone where it decides, else by what is read of candidates."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from hh_core.domain.filters import Filter, matcher
from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Query, Relation, Row
from hh_core.usecases.apart import apart, can_be_told_apart
from hh_core.usecases.attribute_search import AttributeSearch, page_columns
from hh_core.usecases.belonging import BASE, LIGHT, Belonging
from hh_core.usecases.candidates import Candidates, Scan
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.composing import Composing
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.live import Live
from hh_core.usecases.narrowing import Plan, plan
from hh_core.usecases.page import Collector, Page
from hh_core.usecases.phrases import needles
from hh_core.usecases.read_limits import ReadLimits
from hh_core.usecases.search import EventQuery
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.sketches import Sketches
from hh_core.usecases.sorting import LAST_ID, Position, parse_position, position_of
from hh_core.usecases.text_search import Found, TextSearch
from hh_core.usecases.wide_events import (
    ROLLUP_COLUMNS,
    WideEvents,
    as_session,
    told_of,
)

_NEAR = 5_000
"""Rows from the begin of a list, up to a page of which as many may be read whole."""


class Listing:
    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        belonging: Belonging,
        *,
        name_key: bytes,
        source: SegmentsSource,
        sketches: Sketches,
        limits: ReadLimits,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._candidates = Candidates(analytics, belonging)
        self._composing = Composing(wide, limits.answer_bytes)
        self._cursors = Cursors(name_key)
        self._name_key = name_key
        self._limits = limits
        self._by_attributes = AttributeSearch(analytics, wide, scan_limit=limits.scan_limit)
        self._live = Live(analytics, self._by_attributes, self._composing, self._cursors)
        self._by_text = TextSearch(analytics, source, self._by_attributes, sketches, limits)

    async def page(self, project: UUID, query: EventQuery, *, behind: bool = False) -> Page:
        """The events that stand on the page, or that changed. Raises ``RejectedError`` for a cursor
        or mark that is none of this question, and for a page that is too large."""
        if query.since is not None:
            return await self._live.changes(project, query, behind=behind)
        since = await self._live.begin(project, query, behind=behind) if query.is_live else None
        start = self._start(project, query)
        page = await self._page(project, query, start)
        page.is_counted, page.since = query.is_counted, since
        if page.follows is not None:
            page.next_cursor = self._cursors.seal(project, query.question, page.follows.as_json())
        return page

    def _start(self, project: UUID, query: EventQuery) -> Position | None:
        if query.cursor is None:
            return None
        value = self._cursors.open(project, query.question, query.cursor)
        return parse_position(value, query.sort)

    async def _page(self, project: UUID, query: EventQuery, start: Position | None) -> Page:
        planned = plan(query)
        if planned.exact and planned.of_sessions is not None and query.sort.of_sessions():
            return await self._sessions(project, query, planned.of_sessions, start)
        if start is not None:
            planned = replace(planned, where=(*planned.where, *start.beyond(query.sort)))
        if planned.exact:
            return await self._indexed(project, query, planned)
        if planned.index_decides:
            found = await self._by_attributes.matches(project, query, planned)
            if found is not None:
                page = await self._composing.page(project, query, found.rows)
                page.count = found.count
                page.follows = _follows(query, found.last)
                return page
        return await self._searched(project, query, planned) or await self._scanned(
            project, query, planned
        )

    async def _searched(self, project: UUID, query: EventQuery, planned: Plan) -> Page | None:
        """The page of a search for a phrase; None if it is none, or records do not help."""
        wanted = needles(query.filters)
        if not wanted or planned.session or planned.ids:
            return None
        found = await self._by_text.matches(project, query, planned, wanted)
        if found is None:
            return None
        end = query.offset + query.limit
        rows = found.rows[query.offset : end]
        page = await self._composing.page(project, query, rows)
        page.count, page.scanned = len(found.rows), found.scanned
        page.follows = _follows_found(query, found)
        is_full = not query.is_counted and len(found.rows) >= end
        if found.stopped_ns is not None and not is_full:
            page.stopped_at = found.stopped_ns / 1e6
            page.stopped_by = found.stopped_by
        return page

    async def _indexed(self, project: UUID, query: EventQuery, planned: Plan) -> Page:
        """All filters are decided by columns: count, and read the page alone."""
        listing = Query(
            relation=Relation.EVENTS if planned.no_sessions else Relation.LISTING,
            project=project,
            columns=query.sort.with_column(_columns(query) if planned.no_sessions else LIGHT),
            where=planned.where,
            order_by=query.sort.orders(),
            limit=query.limit + 1,
            offset=query.offset,
        )
        if listing.relation is Relation.LISTING and can_be_told_apart(query, planned.where):
            count, rows = await asyncio.gather(
                self._count(query, listing), self._both(query, listing)
            )
        else:
            count, rows = await self._counted(query, listing)
        page = await self._composing.page(project, query, rows[: query.limit])
        page.count = count
        page.follows = _follows(query, _last_of(query, rows))
        return page

    async def _sessions(
        self, project: UUID, query: EventQuery, where: Where, start: Position | None
    ) -> Page:
        """As ``_indexed``, of sessions alone: their roll-ups say all that the index knows."""
        column, key = cast(str, query.sort.of_sessions()), "session_key"
        beyond = () if start is None else start.beyond(query.sort, column, key)
        listing = Query(
            relation=Relation.SESSIONS,
            project=project,
            columns=tuple(dict.fromkeys((*ROLLUP_COLUMNS, column))),
            where=(*where, *beyond),
            order_by=query.sort.orders(column, key),
            limit=query.limit + 1,
            offset=query.offset,
        )
        count, rollups = await self._counted(query, listing)
        rows = [as_session(rollup) for rollup in rollups[: query.limit]]
        page = await self._composing.page(project, query, rows, told_of(rows))
        page.count = count
        last = _last_of(query, rollups)
        page.follows = None if last is None else position_of(last, column, key)
        return page

    async def _counted(self, query: EventQuery, listing: Query) -> tuple[int, Sequence[Row]]:
        return await asyncio.gather(self._count(query, listing), self._analytics.select(listing))

    async def _count(self, query: EventQuery, listing: Query) -> int:
        return await self._analytics.count(listing) if query.is_counted else 0

    async def _both(self, query: EventQuery, listing: Query) -> Sequence[Row]:
        """A page of events and sessions, each asked where all stands that a row of theirs shows:
        of neither need anybody look at more than may stand on it."""
        end = listing.offset + listing.limit
        events, sessions = await asyncio.gather(
            *(
                self._analytics.select(part)
                for part in apart(listing, query.sort.with_column(_columns(query)), end)
            )
        )
        rows = query.sort.arranged([*events, *map(as_session, sessions)])
        return rows[listing.offset : end]

    async def _scanned(self, project: UUID, query: EventQuery, planned: Plan) -> Page:
        """Some filters look further: go through candidates until page and count are known.

        The count needs all of them, so the limit is on events read, not on matches.
        """
        session = planned.session
        key = None if session is None else name_key(self._name_key, project, session)
        by_session = Filter("session_id", "is", "string", session)
        residual = tuple(
            condition
            for condition in query.filters
            if replace(condition, type="string") != by_session
        )
        sifting = _Sifting(query, self._limits, residual)
        scan = Scan(self._limits.scan_limit // 2)
        columns = query.sort.with_column(LIGHT)
        async for batch in self._candidates.of(project, planned, key, scan, columns):
            if not await self._sift(project, sifting, batch):
                break
        page = sifting.page
        if sifting.kept is not None:
            rows = sifting.kept[query.offset :]
            page.encoded = (await self._composing.page(project, query, rows)).encoded
        page.count = sifting.count
        page.follows = sifting.follows(is_whole=scan.stopped_ns is None)
        if scan.stopped_ns is not None:
            page.stopped_at = max(scan.stopped_ns / 1e6, page.stopped_at or 0)
        return page

    async def _sift(self, project: UUID, sifting: "_Sifting", batch: Sequence[Row]) -> bool:
        """Whether to go on with the next batch."""
        page, query = sifting.page, sifting.query
        rows = batch
        if sifting.residual:
            rows = batch[: self._limits.scan_limit - page.scanned]
            page.scanned += len(rows)
        sifting.read_to = rows[-1] if rows else sifting.read_to
        if sifting.kept is not None:
            matching = rows
            if sifting.residual:
                narrowed = replace(query, filters=sifting.residual)
                matching = await self._by_attributes.sifted(project, narrowed, rows)
            sifting.keep(matching)
        elif sifting.residual:
            await self._collect(project, rows, sifting)
        else:
            await self._take(project, query, rows, sifting)
        if len(rows) < len(batch):
            page.stopped_at = cast(int, batch[len(rows)]["start_ns"]) / 1e6
            return False
        return query.is_counted or not sifting.is_full

    async def _collect(self, project: UUID, rows: Sequence[Row], sifting: "_Sifting") -> None:
        """Filter in a thread, slice by slice, so that the loop keeps turning."""
        at = 0
        async for events in self._wide.slices(project, rows):
            some = rows[at : at + len(events)]
            at += len(events)
            await asyncio.to_thread(sifting.collector.sift, events, some)

    async def _take(
        self, project: UUID, query: EventQuery, rows: Sequence[Row], sifting: "_Sifting"
    ) -> None:
        """All of ``rows`` match: read those that stand on the page."""
        collector = sifting.collector
        first = max(0, query.offset - collector.count)
        wanted = rows[first : max(first, query.offset + query.limit - collector.count)]
        async for events in self._wide.slices(project, wanted):
            await asyncio.to_thread(collector.keep, events)
        if wanted:
            collector.last = wanted[-1]
        collector.count += len(rows)


class _Sifting:
    """A scan as it goes on. ``kept`` are rows, where the page is known only when all were seen or
    is composed of the index; else the collector has the events of the page."""

    def __init__(self, query: EventQuery, limits: ReadLimits, residual: tuple[Filter, ...]) -> None:
        self.query = query
        self.residual = residual
        self.collector = Collector(query, limits.answer_bytes, matcher(residual))
        self.page = Page(self.collector.encoded)
        by_rows = query.of_index or not query.sort.is_newest_first
        self.kept: list[Row] | None = [] if by_rows else None
        self.read_to: Row | None = None
        """The last row that was looked at."""
        self._kept_of = 0

    def keep(self, rows: Sequence[Row]) -> None:
        assert self.kept is not None
        self._kept_of += len(rows)
        self.kept = self.query.sort.arranged([*self.kept, *rows])[: self._end]

    @property
    def _end(self) -> int:
        return self.query.offset + self.query.limit

    @property
    def count(self) -> int:
        return self.collector.count if self.kept is None else self._kept_of

    @property
    def is_full(self) -> bool:
        """Whether the page is known and something follows it."""
        return self.query.sort.is_newest_first and self.count > self._end

    def follows(self, *, is_whole: bool) -> Position | None:
        """``is_whole``: nothing was left out but what is older than ``read_to``."""
        if self.count > self._end:
            return _follows(self.query, self.kept[-1] if self.kept else self.collector.last)
        is_stopped = self.page.stopped_at is not None and self.query.sort.is_newest_first
        return _follows(self.query, self.read_to) if is_stopped and is_whole else None


def _columns(query: EventQuery) -> tuple[str, ...]:
    """``page_columns`` where few rows are read to answer it; far into a list without the widest,
    which are then read for the page alone."""
    return page_columns(query) if query.offset + query.limit <= _NEAR else BASE


def _last_of(query: EventQuery, rows: Sequence[Row]) -> Row | None:
    """The last row of the page, if others follow."""
    return rows[query.limit - 1] if len(rows) > query.limit else None


def _follows(query: EventQuery, last: Row | None) -> Position | None:
    return None if last is None else position_of(last, query.sort.column)


def _follows_found(query: EventQuery, found: Found) -> Position | None:
    """After the page; after what was gone through, if it is not full."""
    end = query.offset + query.limit
    if len(found.rows) > end or (len(found.rows) == end and found.stopped_ns is not None):
        return _follows(query, found.rows[end - 1])
    if found.stopped_ns is None or not query.sort.is_newest_first:
        return None
    # all that began then was found, nothing of what began before
    return Position(found.stopped_ns, LAST_ID)
