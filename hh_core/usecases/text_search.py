"""Searches for a phrase in inputs or outputs: through the raw records, newest first.

A span's texts stand in its record as they were sent, or in those of its log records. So a record
whose bytes do not hold the phrase has no match but by log records, and is not decoded; one that its
pack's sketch rules out is not even read. Of one that holds it, the spans that do are composed and
matched as ever.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import cast
from uuid import UUID

from hh_core.domain.segments import SegmentRecord
from hh_core.ports.analytics import (
    Analytics,
    Function,
    Measure,
    Order,
    Query,
    Relation,
    Row,
)
from hh_core.usecases.attribute_search import TRUNCATED, UPDATED, AttributeSearch
from hh_core.usecases.belonging import BASE, TRACE_ROWS, event_id, parts, trace_id
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.log_texts import LogTexts
from hh_core.usecases.narrowing import Plan, unless
from hh_core.usecases.phrases import spans_of
from hh_core.usecases.read_limits import ReadLimits
from hh_core.usecases.search import EventQuery
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.sketches import Sketched, Sketches
from hh_core.usecases.sorting import Sort
from hh_core.usecases.text_hits import (
    At,
    Group,
    Hit,
    Window,
    in_chunks,
    in_traces,
    of_records,
    place_of,
    windows,
)

_RECORDS = 200_000
_THREADS = 2
_SIFTED_AT_ONCE = 4
"""Records, all of whose events may match."""
_GATHERED = 48
"""Records of which some spans hold the phrase: so many are composed together."""


@dataclass(slots=True)
class Found:
    """``rows`` are all matches, unless ``stopped_ns``: then those that began no earlier."""

    rows: list[Row] = field(default_factory=list)
    scanned: int = 0
    stopped_ns: int | None = None
    stopped_by: str = "scan_limit"
    """The limit that made it stop."""

    def stop(self, at_ns: int, limit: str) -> None:
        self.stopped_ns, self.stopped_by = at_ns, limit

    def cut(self, sort: Sort) -> "Found":
        """In the order of lists, without what began before it stopped: more of that may match."""
        least = self.stopped_ns
        if least is not None:
            self.rows = [row for row in self.rows if cast(int, row["start_ns"]) >= least]
        self.rows = sort.arranged(self.rows)
        return self


@dataclass(frozen=True, slots=True)
class _Search:
    project: UUID
    query: EventQuery
    where: Where
    begun: float
    """On the monotonic clock."""
    sifted: frozenset[UUID]
    """Events that were in doubt, and need not be looked at again."""
    found: Found


_Located = tuple[At, SegmentRecord]
"""A record, and where it stands."""
_Held = tuple[At, Mapping[int, bytes] | None]
"""Where a hit stands, and its spans."""


class TextSearch:
    def __init__(
        self,
        analytics: Analytics,
        source: SegmentsSource,
        index: AttributeSearch,
        sketches: Sketches,
        limits: ReadLimits,
    ) -> None:
        self._analytics = analytics
        self._source = source
        self._index = index
        self._sketches = sketches
        self._limits = limits

    async def matches(
        self, project: UUID, query: EventQuery, plan: Plan, wanted: Sequence[bytes]
    ) -> Found | None:
        """The matches of a question of which ``wanted`` are the ``needles``, in the order of
        lists; None if too many events are in doubt: what was updated, and sessions; or if a record
        holds more events than a search may compose.

        Stops when its time is over, when it has composed as many events as a search may, or when
        the page is full and somebody has waited for it long enough.
        """
        begun = monotonic()
        told = unless(plan.told, (UPDATED,))
        where = (*plan.where, *told, *unless(plan.attributes, (UPDATED, TRUNCATED)))
        patched, sketched = await asyncio.gather(
            self._index.patched(project, plan, query.sort),
            self._sketches.look(project, wanted),
        )
        if patched is None:
            return None
        updated, sessions = patched
        sifted = await self._index.sifted(project, query, [*updated, *sessions])
        known = frozenset(map(event_id, updated))
        search = _Search(project, query, where, begun, known, Found(sifted))
        logs = LogTexts(self._analytics, self._source, project, wanted)
        look = _Look(wanted, sketched, logs)
        # what tells of sessions are updates, and these are read already
        for window in () if plan.only_sessions else windows(query.sort):
            if not await self._in_window(search, window, look):
                return None
            if search.found.stopped_ns is not None:
                break
        return search.found.cut(query.sort)

    async def _in_window(self, search: _Search, window: Window, look: "_Look") -> bool:
        """Add the matches that began in ``window``. False if a record holds too many events."""
        found = search.found
        within = replace(search, where=(*search.where, *window.where))
        left = groups = await self._groups(search.project, within.where)
        if not await look.logs.any_at_all():
            left = [group for group in groups if look.sketched.may_hold(*group.at)]
        if not await self._go_through(within, left, look):
            return False
        if found.stopped_ns is None and len(groups) == _RECORDS:
            found.stop(groups[-1].last_ns, "search_seconds")
        if left and window.since_ns is not None:
            # never where nothing was read: whoever goes on from there gets further
            self._stop_if_enough(search, window.since_ns)
        return True

    async def _go_through(
        self,
        search: _Search,
        groups: Sequence[Group],
        look: "_Look",
    ) -> bool:
        """Add the matches of ``groups``. False if one of them holds too many events."""
        found, waiting = search.found, list[Hit]()
        composed_ns: int | None = None
        async with aclosing(self._hits(search.project, groups, look)) as looking:
            async for chunk, hits in looking:
                if composed_ns is not None and self._is_full(search, composed_ns):
                    # what waits need not be composed to know the page
                    found.stop(composed_ns, "first_page_seconds")
                    break
                waiting += await self._told_by_logs(search, look.logs, chunk, hits)
                is_last, is_over = chunk[-1] is groups[-1], self._is_late(search)
                if not (is_last or is_over or len(waiting) >= _GATHERED):
                    continue
                if not await self._compose(search, waiting):
                    return False
                waiting, composed_ns = [], chunk[-1].last_ns
                if not is_last:
                    self._stop_if_enough(search, composed_ns)
                if found.stopped_ns is not None:
                    break
        return True

    def _stop_if_enough(self, search: _Search, at_ns: int) -> None:
        """Stop where nothing but what began before ``at_ns`` is left, if it may end there."""
        if search.found.stopped_ns is not None:
            return
        if self._is_late(search):
            search.found.stop(at_ns, "search_seconds")
        elif self._is_full(search, at_ns):
            search.found.stop(at_ns, "first_page_seconds")

    async def _compose(self, search: _Search, hits: Sequence[Hit]) -> bool:
        """Add the matches among the events of ``hits``. False if one of them holds too many."""
        found = search.found
        is_known = all(hit.spans is not None for hit in hits)
        for some in parts(hits, _GATHERED if is_known else _SIFTED_AT_ONCE):
            if found.scanned >= self._limits.scan_limit:
                found.stop(some[0].group.last_ns, "scan_limit")
                break
            if found.scanned and self._is_late(search):
                # never before something was read: whoever goes on from here gets further
                found.stop(some[0].group.last_ns, "search_seconds")
                break
            rows = await self._rows(search, some)
            if len(rows) > self._limits.scan_limit:
                return False
            rows = [row for row in rows if event_id(row) not in search.sifted]
            found.rows += await self._index.sifted(search.project, search.query, rows)
            found.scanned += len(rows)
        return True

    def _is_late(self, search: _Search) -> bool:
        return monotonic() > search.begun + self._limits.search_seconds

    def _is_full(self, search: _Search, least_ns: int) -> bool:
        """Whether the page is known, if all that began before ``least_ns`` is left out, and it has
        taken long enough."""
        query = search.query
        if not query.sort.is_newest_first:
            return False
        is_early = monotonic() < search.begun + self._limits.first_page_seconds
        if query.is_counted and is_early:
            return False
        found = sum(cast(int, row["start_ns"]) >= least_ns for row in search.found.rows)
        return found >= query.offset + query.limit

    async def _groups(self, project: UUID, where: Where) -> Sequence[Group]:
        """The records that hold events, by the newest of each."""
        query = Query(
            relation=Relation.EVENTS,
            project=project,
            where=where,
            group_by=("segment", "record"),
            measures=(
                Measure("first", Function.MIN, "start_ns"),
                Measure("last", Function.MAX, "start_ns"),
            ),
            order_by=(Order("last", descending=True),),
            limit=_RECORDS,
        )
        return [
            Group(
                str(row["segment"]),
                cast(int, row["record"]),
                cast(int, row["first"]),
                cast(int, row["last"]),
            )
            for row in await self._analytics.select(query)
        ]

    async def _hits(
        self,
        project: UUID,
        groups: Sequence[Group],
        look: "_Look",
    ) -> AsyncGenerator[tuple[Sequence[Group], Sequence[Hit]], None]:
        """``groups`` some at a time, and those of them whose record holds all that is wanted. While
        some are looked through, the next are read."""
        chunks = list(in_chunks(groups))
        first = chunks[0] if chunks else ()
        reading = asyncio.ensure_future(self._read(project, first, look.sketched))
        try:
            for number, chunk in enumerate(chunks):
                records = await reading
                following = chunks[number + 1] if number + 1 < len(chunks) else ()
                reading = asyncio.ensure_future(self._read(project, following, look.sketched))
                shares = [records[start::_THREADS] for start in range(_THREADS)]
                held = await asyncio.gather(
                    *(asyncio.to_thread(_held, share, look.wanted) for share in shares)
                )
                hits = {at: spans for some in held for at, spans in some}
                for at, record in records:
                    if at in hits:  # its events are composed next, from the same bytes
                        self._source.keep(project, *at, record)
                yield chunk, [Hit(group, hits[group.at]) for group in chunk if group.at in hits]
        finally:
            reading.cancel()

    async def _read(
        self, project: UUID, groups: Sequence[Group], sketched: Sketched
    ) -> Sequence[_Located]:
        by_segment: dict[str, list[int]] = {}
        for group in groups:
            if sketched.may_hold(*group.at):
                by_segment.setdefault(group.segment, []).append(group.record)
        return [
            ((segment, offset), record)
            for segment, offsets in by_segment.items()
            for offset, record in (
                await self._source.scanned(project, segment, offsets, sketched.packs.get(segment))
            ).items()
        ]

    async def _rows(self, search: _Search, hits: Sequence[Hit]) -> Sequence[Row]:
        """The events of these records that may match, and never more than one too many."""
        groups = [hit.group for hit in hits]
        query = Query(
            relation=Relation.EVENTS,
            project=search.project,
            columns=search.query.sort.with_column(BASE),
            where=(*of_records(search.where, groups), *in_traces(hits)),
            order_by=(Order("segment"), Order("record"), Order("ordinal")),
            limit=self._limits.scan_limit + 1,
        )
        asked = {hit.group.at: hit for hit in hits}
        found = await self._analytics.select(query)
        return [
            row
            for row in found
            if (hit := asked.get(place_of(row))) is not None and hit.may_be(row)
        ]

    async def _told_by_logs(
        self, search: _Search, logs: LogTexts, chunk: Sequence[Group], hits: Sequence[Hit]
    ) -> Sequence[Hit]:
        """``hits``, and the traces of all records of ``chunk`` whose log records may hold it."""
        if not await logs.any_at_all():
            return hits
        query = Query(
            relation=Relation.EVENTS,
            project=search.project,
            where=of_records(search.where, chunk),
            group_by=("segment", "record", "trace_id"),
            measures=(Measure("rows", Function.COUNT),),
            limit=TRACE_ROWS,
        )
        asked = {group.at for group in chunk}
        rows = [row for row in await self._analytics.select(query) if place_of(row) in asked]
        traces = await logs.traces({trace_id(row) for row in rows})
        told: dict[At, set[bytes]] = {}
        for row in rows:
            if trace_id(row) in traces:
                told.setdefault(place_of(row), set()).add(trace_id(row))
        held = {hit.group.at: hit.spans for hit in hits}
        return [
            Hit(group, held.get(group.at, {}), told.get(group.at, frozenset()))
            for group in chunk
            if group.at in held or group.at in told
        ]


@dataclass(frozen=True, slots=True)
class _Look:
    """Where texts may stand."""

    wanted: Sequence[bytes]
    sketched: Sketched
    logs: LogTexts


def _held(records: Sequence[_Located], wanted: Sequence[bytes]) -> list[_Held]:
    """Where the records stand that hold all that is wanted, or may, and their spans that do: in a
    thread of its own."""
    found = ((at, spans_of(record, wanted)) for at, record in records)
    return [(at, spans) for at, spans in found if spans is None or spans]
