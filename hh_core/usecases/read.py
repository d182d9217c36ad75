"""Answer questions about events: export, search, one event, which fields there are (DESIGN 3.7)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.filters import Filter, matcher
from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Condition, Op, Order, Query, Relation, Row
from hh_core.usecases.attribute_search import AttributeSearch
from hh_core.usecases.belonging import BASE, LIGHT, Belonging
from hh_core.usecases.candidates import NEWEST_FIRST, Candidates, Scan
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.narrowing import Plan, Where, plan
from hh_core.usecases.page import Collector, Page
from hh_core.usecases.phrases import needles
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.search import EventQuery, Range
from hh_core.usecases.seen_paths import SeenPaths, fields_of, leaves
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.showing import shown
from hh_core.usecases.sketches import Sketches
from hh_core.usecases.text_search import TextSearch
from hh_core.usecases.wide_events import (
    BUCKETS,
    ROLLUP_COLUMNS,
    Told,
    WideEvents,
    as_session,
    told_of,
)


class Reader:
    """Every method concerns one project, and waits until its own writes are there (Freshness)."""

    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        belonging: Belonging,
        freshness: Freshness,
        *,
        name_key: bytes,
        source: SegmentsSource,
        sketches: Sketches,
        turns: Turns | None = None,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._candidates = Candidates(analytics, belonging)
        self._freshness = freshness
        self._name_key = name_key
        self._turns = turns or Turns(ReadLimits())
        self._limits = self._turns.limits
        self._by_attributes = AttributeSearch(analytics, wide, scan_limit=self._limits.scan_limit)
        self._paths = SeenPaths(analytics)
        self._by_text = TextSearch(analytics, source, self._by_attributes, sketches, self._limits)

    async def export(self, project: UUID, query: EventQuery) -> Page:
        """One page of the events that match, newest first, then by event id.

        Exactly what evaluating every event would give, unless ``incomplete``. Raises
        ``RejectedError`` (422) for an answer that is too large or takes too long.
        """
        behind = await self._freshness.behind(project)
        async with self._turns.turn(project):
            page = await self._page(project, query)
            page.behind = behind
            page.warnings += query.warnings
            if not page.count:
                asked = [condition.field for condition in query.filters]
                page.warnings += await self._paths.hints(project, asked)
            return page

    async def event(self, project: UUID, text: str) -> tuple[Event, bool]:
        """The event or session of that id, and whether the index is behind.

        Raises ``NotFoundError`` for an unknown id and for another project's alike, ``NotYetError``
        while the index is behind.
        """
        behind = await self._freshness.behind(project)
        of_id = Condition("event_id", Op.EQ, name_key(self._name_key, project, text))
        # an id may name a session and an event of a client's choosing: the session is the frame
        rows = await self._analytics.select(_one(project, Relation.EVENTS, BASE, of_id))
        if not rows:
            of_session = (of_id, _SESSION)
            rows = await self._analytics.select(_one(project, Relation.LISTING, LIGHT, *of_session))
        if not rows:
            raise missing("event", behind)
        (event,) = await self._wide.of(project, rows[:1])
        return shown(event)[0], behind

    async def schema(self, project: UUID, range_: Range, run: str | None) -> tuple[Json, bool]:
        """The dotted paths that were seen, by event type, and whether the index is behind."""
        behind = await self._freshness.behind(project)
        if run is not None:
            async with self._turns.turn(project):
                return await self._schema_of_run(project, range_, run), behind
        fields = await self._paths.within(project, range_)
        return {"fields": fields, "datasets": [], "mappings": {}}, behind

    async def _page(self, project: UUID, query: EventQuery) -> Page:
        planned = plan(query)
        if planned.exact:
            return await self._indexed(project, query, planned)
        if planned.attributes_decide:
            found = await self._by_attributes.matches(project, query, planned)
            if found is not None:
                return await self._composed(project, query, *found)
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
        rows = found.rows[query.offset : query.offset + query.limit]
        page = await self._composed(project, query, len(found.rows), rows)
        page.scanned = found.scanned
        if found.stopped_ns is not None:
            page.stopped_at = found.stopped_ns / 1e6
            page.stopped_by = found.stopped_by
        return page

    async def _indexed(self, project: UUID, query: EventQuery, planned: Plan) -> Page:
        """All filters are decided by columns: count, and read the page alone."""
        if planned.of_sessions is not None:
            return await self._sessions(project, query, planned.of_sessions)
        listing = Query(
            relation=Relation.EVENTS if planned.no_sessions else Relation.LISTING,
            project=project,
            columns=BASE if planned.no_sessions else LIGHT,
            where=planned.where,
            order_by=NEWEST_FIRST,
            limit=query.limit,
            offset=query.offset,
        )
        count, rows = await asyncio.gather(
            self._analytics.count(listing), self._analytics.select(listing)
        )
        return await self._composed(project, query, count, rows)

    async def _sessions(self, project: UUID, query: EventQuery, where: Where) -> Page:
        """As ``_indexed``, of sessions alone: their roll-ups say all that the index knows."""
        listing = Query(
            relation=Relation.SESSIONS,
            project=project,
            columns=ROLLUP_COLUMNS,
            where=where,
            order_by=_NEWEST_SESSIONS,
            limit=query.limit,
            offset=query.offset,
        )
        count, rollups = await asyncio.gather(
            self._analytics.count(listing), self._analytics.select(listing)
        )
        rows = [as_session(rollup) for rollup in rollups]
        return await self._composed(project, query, count, rows, told_of(rows))

    async def _composed(
        self,
        project: UUID,
        query: EventQuery,
        count: int,
        rows: Sequence[Row],
        told: Told | None = None,
    ) -> Page:
        """The page that ``rows`` make, of ``count`` matches."""
        collector = Collector(query, self._limits.answer_bytes)
        async for events in self._wide.slices(project, rows, told):
            await asyncio.to_thread(collector.keep, events)
        return Page(collector.encoded, count)

    async def _scanned(self, project: UUID, query: EventQuery, planned: Plan) -> Page:
        """Some filters look further: go through candidates until page and count are known.

        The count needs all of them, so the limit is on events read, not on matches.
        """
        session = planned.session
        key = None if session is None else name_key(self._name_key, project, session)
        by_session = Filter("session_id", "is", "string", session)
        residual = [
            condition
            for condition in query.filters
            if replace(condition, type="string") != by_session
        ]
        collector = Collector(query, self._limits.answer_bytes, matcher(residual))
        page = Page(collector.encoded)
        scan = Scan(self._limits.scan_limit // 2)
        async for batch in self._candidates.of(project, planned, key, scan):
            rows = batch[: self._limits.scan_limit - page.scanned] if residual else batch
            if residual:
                await self._sift(project, rows, collector)
                page.scanned += len(rows)
            else:
                await self._take(project, query, rows, collector)
            if len(rows) < len(batch):
                page.stopped_at = cast(int, batch[len(rows)]["start_ns"]) / 1e6
                break
        page.count = collector.count
        if scan.stopped_ns is not None:
            page.stopped_at = max(scan.stopped_ns / 1e6, page.stopped_at or 0)
        return page

    async def _sift(self, project: UUID, rows: Sequence[Row], collector: Collector) -> None:
        """Filter in a thread, slice by slice, so that the loop keeps turning."""
        async for events in self._wide.slices(project, rows):
            await asyncio.to_thread(collector.sift, events)

    async def _take(
        self, project: UUID, query: EventQuery, rows: Sequence[Row], collector: Collector
    ) -> None:
        """All of ``rows`` match: read those that stand on the page."""
        first = max(0, query.offset - collector.count)
        wanted = rows[first : max(first, query.offset + query.limit - collector.count)]
        async for events in self._wide.slices(project, wanted):
            await asyncio.to_thread(collector.keep, events)
        collector.count += len(rows)

    async def _schema_of_run(self, project: UUID, range_: Range, run: str) -> Json:
        """Paths of the events of one run, from their content: at most the scan limit of them."""
        of_run = Filter("metadata.run_id", "is", "string", run)
        query = EventQuery(filters=(of_run,), range=range_, limit=1000)
        page = await self._scanned(project, query, plan(query))
        found, datasets = await asyncio.to_thread(_seen, page)
        return {"fields": fields_of(found), "datasets": sorted(datasets), "mappings": {}}


_SESSION = Condition("event_type", Op.EQ, "session")
_NEWEST_SESSIONS = (Order("start_ns", descending=True), Order("session_key"))


def _one(project: UUID, relation: Relation, columns: tuple[str, ...], *where: Condition) -> Query:
    return Query(relation=relation, project=project, columns=columns, where=where, limit=1)


def _seen(page: Page) -> tuple[set[tuple[str, str]], set[str]]:
    """The paths of a page's events by event type, and the data sets that they name."""
    found: set[tuple[str, str]] = set()
    datasets: set[str] = set()
    for event in page.events:
        paths = (path for bucket in BUCKETS for path in leaves(bucket, event[bucket]))
        found.update((event["event_type"], path) for path in paths)
        dataset = event["metadata"].get("dataset_id")
        datasets.update([dataset] if isinstance(dataset, str) else [])
    return found, datasets
