"""Searches for a phrase in inputs or outputs: through the raw records, newest first.

A span's texts stand in its record as they were sent, so a record whose bytes do not hold the phrase
has no match, and is not decoded. What is left is composed and matched as ever.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby
from time import monotonic
from typing import cast
from uuid import UUID

from hh_core.domain.filters import Filter
from hh_core.domain.segments import SegmentRecord
from hh_core.errors import RejectedError
from hh_core.ports.analytics import (
    Analytics,
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
    Row,
)
from hh_core.usecases.attribute_search import SESSIONS_IN_DOUBT, TRUNCATED, UPDATED, AttributeSearch
from hh_core.usecases.belonging import BASE, LIGHT, event_id, parts
from hh_core.usecases.candidates import place
from hh_core.usecases.narrowing import Plan, Where, unless
from hh_core.usecases.read_limits import ReadLimits
from hh_core.usecases.search import EventQuery
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire.otlp_body import UNLIMITED, decompress

_FIELDS = ("inputs", "outputs")
_STRETCH = re.compile(r"[\w ,.;:!?()-]+", re.ASCII)
"""What no JSON encoder in use escapes."""
_PHRASE = re.compile(r"\w ")
_END_OF_PHRASE = re.compile(r" \w")
_ESCAPED = re.compile(
    rb"\\u00(?:2[01389c-e]|3[0-9abf]|[46][1-9a-f]|5[0-9af]|7[0-9a])", re.IGNORECASE
)
"""A character of such a stretch that is escaped all the same."""
_RECORDS = 200_000
_AT_ONCE = 64
_SEGMENTS_AT_ONCE = 4
"""A segment is sealed at some MiB, but one record may be as large as a request."""
_THREADS = 2
_SIFTED_AT_ONCE = 4
"""Records."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A record, and when the events in it began."""

    segment: str
    record: int
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class Found:
    """``rows`` are all matches, unless ``stopped_ns``: then those that began no earlier."""

    rows: list[Row] = field(default_factory=list)
    scanned: int = 0
    stopped_ns: int | None = None

    def cut(self) -> "Found":
        """In the order of lists, without what began before it stopped: more of that may match."""
        least = self.stopped_ns
        if least is not None:
            self.rows = [row for row in self.rows if cast(int, row["start_ns"]) >= least]
        self.rows.sort(key=place)
        return self


@dataclass(frozen=True, slots=True)
class _Search:
    project: UUID
    query: EventQuery
    where: Where
    until: float
    """On the monotonic clock."""
    sifted: frozenset[UUID]
    """Events that were in doubt, and need not be looked at again."""
    found: Found


_Located = tuple[tuple[str, int], SegmentRecord]
"""A record, and where it stands."""


def needles(filters: Collection[Filter]) -> list[bytes]:
    """Texts that the record of whatever matches must hold.

    Only texts of several words: a mapper names roles and kinds by words of its own.
    """
    found = []
    for condition in filters:
        is_there = condition.operator == "contains" and condition.type in ("string", "id")
        if not is_there or condition.field.partition(".")[0] not in _FIELDS:
            continue
        stretches = _STRETCH.findall(str(condition.value))
        longest = max(stretches, key=len, default="")
        if _PHRASE.search(longest) and _END_OF_PHRASE.search(longest):
            found.append(longest.encode())
    return found


class TextSearch:
    def __init__(
        self,
        analytics: Analytics,
        source: SegmentsSource,
        index: AttributeSearch,
        limits: ReadLimits,
    ) -> None:
        self._analytics = analytics
        self._source = source
        self._index = index
        self._limits = limits

    async def matches(
        self, project: UUID, query: EventQuery, plan: Plan, wanted: Sequence[bytes]
    ) -> Found | None:
        """The matches of a question of which ``wanted`` are the ``needles``, in the order of
        lists; None if too many events are in doubt: what was updated, and sessions; or if a record
        holds more events than a search may compose.

        Stops when its time is over, or when it has composed as many events as a search may.
        """
        where = (*plan.where, *unless(plan.attributes, (UPDATED, TRUNCATED)))
        sessions_in_doubt = (*plan.where, *SESSIONS_IN_DOUBT)
        until = monotonic() + self._limits.search_seconds
        updated, sessions, groups = await asyncio.gather(
            self._index.updated(project, plan.where),
            self._index.in_doubt(project, Relation.LISTING, LIGHT, sessions_in_doubt),
            self._groups(project, where),
        )
        if updated is None or sessions is None:
            return None
        sifted = await self._index.sifted(project, query, [*updated, *sessions])
        search = _Search(
            project, query, where, until, frozenset(map(event_id, updated)), Found(sifted)
        )
        found = search.found
        async with aclosing(self._hits(project, groups, wanted)) as looking:
            async for chunk, hits in looking:
                if not await self._compose(search, hits):
                    return None
                if found.stopped_ns is None and monotonic() > until and chunk[-1] is not groups[-1]:
                    found.stopped_ns = chunk[-1].last_ns
                if found.stopped_ns is not None:
                    break
        if found.stopped_ns is None and len(groups) == _RECORDS:
            found.stopped_ns = groups[-1].last_ns
        return found.cut()

    async def _compose(self, search: _Search, hits: Sequence[_Group]) -> bool:
        """Add the matches among the events of ``hits``. False if one of them holds too many."""
        found = search.found
        for some in parts(hits, _SIFTED_AT_ONCE):
            if self._is_over(search):
                found.stopped_ns = some[0].last_ns
                break
            rows = await self._rows(search.project, search.where, some)
            if len(rows) > self._limits.scan_limit:
                return False
            rows = [row for row in rows if event_id(row) not in search.sifted]
            found.rows += await self._index.sifted(search.project, search.query, rows)
            found.scanned += len(rows)
        return True

    def _is_over(self, search: _Search) -> bool:
        """Never before something was read: whoever goes on from where it stopped gets further."""
        scanned = search.found.scanned
        return scanned >= self._limits.scan_limit or (scanned > 0 and monotonic() > search.until)

    async def _groups(self, project: UUID, where: Where) -> Sequence[_Group]:
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
            _Group(
                str(row["segment"]),
                cast(int, row["record"]),
                cast(int, row["first"]),
                cast(int, row["last"]),
            )
            for row in await self._analytics.select(query)
        ]

    async def _hits(
        self, project: UUID, groups: Sequence[_Group], wanted: Sequence[bytes]
    ) -> AsyncGenerator[tuple[Sequence[_Group], Sequence[_Group]], None]:
        """``groups`` some at a time, and those of them whose record holds all that is wanted. While
        some are looked through, the next are read."""
        chunks = list(_chunks(groups))
        reading = asyncio.ensure_future(self._read(project, chunks[0] if chunks else ()))
        try:
            for number, chunk in enumerate(chunks):
                records = await reading
                following = chunks[number + 1] if number + 1 < len(chunks) else ()
                reading = asyncio.ensure_future(self._read(project, following))
                shares = [records[start::_THREADS] for start in range(_THREADS)]
                held = await asyncio.gather(
                    *(asyncio.to_thread(_held, share, wanted) for share in shares)
                )
                hits = {at for some in held for at in some}
                yield chunk, [group for group in chunk if (group.segment, group.record) in hits]
        finally:
            reading.cancel()

    async def _read(self, project: UUID, groups: Sequence[_Group]) -> Sequence[_Located]:
        by_segment: dict[str, list[int]] = {}
        for group in groups:
            by_segment.setdefault(group.segment, []).append(group.record)
        return [
            ((segment, offset), record)
            for segment, offsets in by_segment.items()
            for offset, record in (await self._source.scanned(project, segment, offsets)).items()
        ]

    async def _rows(self, project: UUID, where: Where, groups: Sequence[_Group]) -> Sequence[Row]:
        """The events of these records, and never more than one too many."""
        query = Query(
            relation=Relation.EVENTS,
            project=project,
            columns=BASE,
            where=(
                *where,
                Condition("start_ns", Op.GE, min(group.first_ns for group in groups)),
                Condition("start_ns", Op.LE, max(group.last_ns for group in groups)),
                Condition("record", Op.IN, [group.record for group in groups]),
                Condition("segment", Op.IN, list({group.segment for group in groups})),
            ),
            order_by=(Order("segment"), Order("record"), Order("ordinal")),
            limit=self._limits.scan_limit + 1,
        )
        asked = {(group.segment, group.record) for group in groups}
        found = await self._analytics.select(query)
        return [row for row in found if (row["segment"], row["record"]) in asked]


def _chunks(groups: Sequence[_Group]) -> Iterator[Sequence[_Group]]:
    """``groups`` in order, some at a time."""
    some: list[_Group] = []
    for _, of_segment in groupby(groups, key=lambda group: group.segment):
        for group in of_segment:
            some.append(group)
            if len(some) == _AT_ONCE:
                yield some
                some = []
        if len({group.segment for group in some}) >= _SEGMENTS_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _held(records: Sequence[_Located], wanted: Sequence[bytes]) -> list[tuple[str, int]]:
    """Where the records stand that hold all that is wanted, or may: in a thread of its own."""
    return [at for at, record in records if _holds(record, wanted)]


def _holds(record: SegmentRecord, wanted: Sequence[bytes]) -> bool:
    try:
        plain = decompress(record.body, record.header.encoding, UNLIMITED)
    except RejectedError:  # it is damaged; whoever composes its events says so
        return True
    if all(needle in plain for needle in wanted):
        return True
    return b"\\u00" in plain and _ESCAPED.search(plain) is not None
