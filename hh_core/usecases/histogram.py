"""How many events began when, and how many of them failed: the brush above a list."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast
from uuid import UUID

from hh_core.ports.analytics import (
    Analytics,
    Condition,
    Function,
    Measure,
    Op,
    Query,
    Row,
)
from hh_core.usecases.brushing import Brushed, brushed
from hh_core.usecases.search import EventQuery

MAX_BUCKETS = 200
_MS = 1_000_000
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_WIDTHS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(_SECOND * number for number in (1, 2, 5, 10, 15, 30)),
    *(_MINUTE * number for number in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * number for number in (1, 2, 3, 6, 12)),
    *(_DAY * number for number in (1, 2, 7, 14, 28)),
)
"""What people read off an axis; beyond, each is twice the one before."""
_COUNT = (Measure("count", Function.COUNT),)
_EXTENT = (Measure("first", Function.MIN, "start_ns"), Measure("last", Function.MAX, "start_ns"))


@dataclass(frozen=True, slots=True)
class Bucket:
    start_ms: int
    count: int
    errors: int
    """Events that failed; of sessions, those with a failed event."""


@dataclass(frozen=True, slots=True)
class Histogram:
    buckets: Sequence[Bucket]
    """Side by side, without gaps; none if there are no events and the range is open."""
    width_ms: int | None
    ignored: Sequence[str]
    """Fields of filters that only content can answer: those filters were left out."""


class Histograms:
    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics

    async def of(self, project: UUID, query: EventQuery, buckets: int) -> Histogram:
        """At most ``buckets``. A range without an end ends now, one without a beginning begins
        with the first event."""
        asked = brushed(query)
        extent = await self._extent(project, query, asked)
        if extent is None:
            return Histogram((), None, asked.ignored)
        width = width_ms(*extent, buckets)
        all_, failed = await self._counts(project, asked, width)
        first, last = (moment // width * width for moment in extent)
        found = (
            Bucket(start, all_.get(start, 0), failed.get(start, 0))
            for start in range(first, last + 1, width)
        )
        return Histogram(tuple(found), width, asked.ignored)

    async def _extent(
        self, project: UUID, query: EventQuery, asked: Brushed
    ) -> tuple[int, int] | None:
        """First and last start in milliseconds."""
        first, last = query.range.first, query.range.last
        if first is not None:
            low = max(0, int(first))
            return low, max(low, query.asked_ms if last is None else int(last))
        whole = Query(relation=asked.relation, project=project, where=asked.where, measures=_EXTENT)
        (found,) = await self._analytics.select(whole)
        if found["first"] is None:
            return None
        low, high = cast(int, found["first"]) // _MS, cast(int, found["last"]) // _MS
        return low, max(low, high if last is None else int(last))

    async def _counts(
        self, project: UUID, asked: Brushed, width: int
    ) -> tuple[Mapping[int, int], Mapping[int, int]]:
        """By the start of each bucket: all, and those that failed."""
        counting = Query(
            relation=asked.relation,
            project=project,
            where=asked.where,
            group_by=() if asked.is_of_sessions else ("status",),
            bucket=timedelta(milliseconds=width),
            measures=_COUNT,
        )
        if asked.is_of_sessions:
            failing = (*asked.where, Condition("num_errors", Op.GT, 0))
            rows, failed = await asyncio.gather(
                self._analytics.select(counting),
                self._analytics.select(replace(counting, where=failing)),
            )
            return _summed(rows), _summed(failed)
        rows = await self._analytics.select(counting)
        return _summed(rows), _summed([row for row in rows if row["status"] == "error"])


def width_ms(first: int, last: int, buckets: int) -> int:
    """The least good width of which ``buckets`` hold both times."""
    return next(width for width in _widths() if last // width - first // width < buckets)


def _widths() -> Iterator[int]:
    yield from _WIDTHS_MS
    width = _WIDTHS_MS[-1]
    while True:
        width *= 2
        yield width


def _summed(rows: Sequence[Row]) -> Mapping[int, int]:
    counts: dict[int, int] = {}
    for row in rows:
        start = cast(int, row["bucket"]) // _MS
        counts[start] = counts.get(start, 0) + cast(int, row["count"])
    return counts
