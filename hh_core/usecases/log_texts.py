"""Which traces have a log record that may hold a phrase: for searches of texts.

A span's text may stand in its log records alone. These came in requests of their own, so of the
spans that a search goes through the log records are found by their traces, and each request is
looked through once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import cast
from uuid import UUID

from hh_core.domain.segments import SegmentRecord
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Analytics, Condition, Function, Measure, Op, Query, Relation
from hh_core.usecases.belonging import TRACE_ROWS, parts
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire.escapes import may_hide_text
from hh_core.wire.otlp_body import UNLIMITED, decompress

_COUNT = (Measure("rows", Function.COUNT),)

Place = tuple[str, int]
"""Segment and record."""


def holds(
    record: SegmentRecord,
    wanted: Sequence[bytes],
    enough: Callable[[Iterable[bool]], bool] = all,
) -> bool:
    """Whether the record's bytes hold what is wanted, or may: ``enough`` of it."""
    try:
        plain = decompress(record.body, record.header.encoding, UNLIMITED)
    except RejectedError:  # it is damaged; whoever composes its events says so
        return True
    if enough(needle in plain for needle in wanted):
        return True
    return may_hide_text(plain)


class LogTexts:
    """Of one search. A match need not have all that is wanted in its log records: the rest may
    stand in the span."""

    def __init__(
        self, analytics: Analytics, source: SegmentsSource, project: UUID, wanted: Sequence[bytes]
    ) -> None:
        self._analytics = analytics
        self._source = source
        self._project = project
        self._wanted = wanted
        self._has_any: bool | None = None
        self._looked: dict[Place, bool] = {}

    async def any_at_all(self) -> bool:
        """Whether the project has log records of spans."""
        if self._has_any is None:
            query = Query(
                relation=Relation.SPAN_LOGS, project=self._project, columns=("record",), limit=1
            )
            self._has_any = bool(await self._analytics.select(query))
        return self._has_any

    async def traces(self, traces: Collection[bytes]) -> set[bytes]:
        """Those of ``traces`` with a log record that may hold some of what is wanted."""
        found: set[bytes] = set()
        for part in parts(traces):
            places = await self._places(part)
            await self._look({at for some in places.values() for at in some})
            found |= {trace for trace, some in places.items() if any(map(self._looked.get, some))}
        return found

    async def _places(self, traces: Sequence[bytes]) -> Mapping[bytes, set[Place]]:
        query = Query(
            relation=Relation.SPAN_LOGS,
            project=self._project,
            where=(Condition("trace_id", Op.IN, traces),),
            group_by=("trace_id", "segment", "record"),
            measures=_COUNT,
            limit=TRACE_ROWS,
        )
        found: defaultdict[bytes, set[Place]] = defaultdict(set)
        for row in await self._analytics.select(query):
            place = str(row["segment"]), cast(int, row["record"])
            found[cast(bytes, row["trace_id"])].add(place)
        return found

    async def _look(self, places: Collection[Place]) -> None:
        """One segment at a time: it is sealed at some MiB."""
        by_segment: defaultdict[str, list[int]] = defaultdict(list)
        for segment, offset in sorted(set(places) - self._looked.keys()):
            by_segment[segment].append(offset)
        for segment, offsets in by_segment.items():
            records = await self._source.scanned(self._project, segment, offsets)
            held = await asyncio.to_thread(self._held, records)
            self._looked |= {(segment, offset): offset in held for offset in offsets}

    def _held(self, records: Mapping[int, SegmentRecord]) -> set[int]:
        return {at for at, record in records.items() if holds(record, self._wanted, any)}
