"""The values that a field has, the most frequent first: for completion."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.field_path import FieldPath
from hh_core.domain.filters import text_of
from hh_core.domain.mapping import DERIVED, INDEXED, is_left_to_content
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
)
from hh_core.usecases.brushing import Brushed, brushed
from hh_core.usecases.columns_decide import SERVER_SET
from hh_core.usecases.listing import Listing
from hh_core.usecases.search import EventQuery

MAX_VALUES = 50
MAX_VALUE = 256
"""Characters; longer texts are no completion."""
SAMPLE = 50_000
"""Of the newest events, whose attributes are looked at."""
READ = 300
"""Of the newest events, whose content is looked at."""
_GROUPS = 1_000
"""Values that hold what was typed, of which those that begin with it are kept."""
_COLUMNS = ("event_type", "event_name")
_COUNT = (Measure("count", Function.COUNT),)


@dataclass(frozen=True, slots=True)
class ValuesQuestion:
    field: str
    query: EventQuery
    """Its filters and range."""
    prefix: str = ""
    contains: str = ""
    limit: int = MAX_VALUES

    def fits(self, value: str) -> bool:
        return value.startswith(self.prefix) and self.contains in value

    @property
    def typed(self) -> str:
        """What each value holds."""
        return max(self.prefix, self.contains, key=len)


@dataclass(frozen=True, slots=True)
class FieldValues:
    values: Sequence[tuple[str, int]]
    """Each with the number of events that have it."""
    is_sampled: bool
    """Only the newest events were looked at."""
    ignored: Sequence[str] = ()
    """Fields of filters that were left out."""
    warnings: list[str] = field(default_factory=list)


class Values:
    def __init__(self, analytics: Analytics, listing: Listing) -> None:
        self._analytics = analytics
        self._listing = listing

    async def of(self, project: UUID, asked: ValuesQuestion) -> FieldValues:
        """Of names all are counted, of attributes those of the newest ``SAMPLE`` events, of any
        other field those of the newest ``READ``."""
        if asked.field in _COLUMNS:
            return await self._grouped(project, asked, asked.field, brushed(asked.query))
        if _is_attribute(asked.field):
            return await self._sampled(project, asked)
        return await self._read(project, asked)

    async def _sampled(self, project: UUID, asked: ValuesQuestion) -> FieldValues:
        narrowed = replace(brushed(asked.query), relation=Relation.EVENTS)
        oldest = Query(
            relation=Relation.EVENTS,
            project=project,
            columns=("start_ns",),
            where=narrowed.where,
            order_by=(Order("start_ns", descending=True),),
            offset=SAMPLE,
            limit=1,
        )
        left_out = await self._analytics.select(oldest)
        column = f"attributes.{asked.field}"
        if not left_out:
            return await self._grouped(project, asked, column, narrowed)
        newest = Condition("start_ns", Op.GT, left_out[0]["start_ns"])
        narrowed = replace(narrowed, where=(*narrowed.where, newest))
        found = await self._grouped(project, asked, column, narrowed)
        return replace(found, is_sampled=True)

    async def _grouped(
        self, project: UUID, asked: ValuesQuestion, column: str, narrowed: Brushed
    ) -> FieldValues:
        fits: list[Condition | AnyOf] = [Condition(column, Op.EXISTS)]
        if asked.typed:
            fits.append(Condition(column, Op.CONTAINS, asked.typed))
        groups = Query(
            relation=narrowed.relation,
            project=project,
            where=(*narrowed.where, *fits),
            group_by=(column,),
            measures=_COUNT,
            order_by=(Order("count", descending=True), Order(column)),
            limit=_GROUPS,
        )
        rows = await self._analytics.select(groups)
        found = ((str(row[column]), cast(int, row["count"])) for row in rows)
        values = [each for each in found if asked.fits(each[0])][: asked.limit]
        return FieldValues(values, is_sampled=False, ignored=narrowed.ignored)

    async def _read(self, project: UUID, asked: ValuesQuestion) -> FieldValues:
        query = replace(
            asked.query, limit=READ, page=1, projections=(asked.field,), is_counted=False
        )
        page = await self._listing.page(project, query)
        values = await asyncio.to_thread(_counted, page.events, asked)
        return FieldValues(values, is_sampled=page.follows is not None or page.incomplete)


def _is_attribute(path: str) -> bool:
    bucket, _, name = path.partition(".")
    if path == "source":
        return True
    is_of_index = bool(name) and bucket in INDEXED and not is_left_to_content(path)
    return is_of_index and not (bucket == "metadata" and name in (*SERVER_SET, *DERIVED))


def _counted(events: Sequence[Event], asked: ValuesQuestion) -> Sequence[tuple[str, int]]:
    path = FieldPath(asked.field)
    counts = Counter(
        value
        for event in events
        for value in set(_texts(path.find(event)))
        if len(value) <= MAX_VALUE and asked.fits(value)
    )
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ordered[: asked.limit]


def _texts(value: Json) -> Iterator[str]:
    """A scalar, or those of a list."""
    for item in value if isinstance(value, list) else [value]:
        text = None if isinstance(item, Mapping | list) else text_of(item)
        if text:
            yield text
