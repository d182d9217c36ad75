"""Searches that attributes in the index decide: nothing is read but the page, and a few in doubt.

In doubt are events that were updated, events with more or longer attributes than the index holds,
and sessions, whose attributes stand in no index.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hh_core.domain.filters import matcher
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Condition,
    Function,
    Measure,
    Op,
    Query,
    Relation,
    Row,
)
from hh_core.usecases.belonging import BASE, LIGHT, event_id
from hh_core.usecases.narrowing import Plan, Where, unless
from hh_core.usecases.search import EventQuery
from hh_core.usecases.sorting import NEWEST, Sort
from hh_core.usecases.wide_events import WideEvents

_FEW = 500
"""More in doubt are better gone through in the order of the list."""
_COUNTED = 5_000
"""Matches that are counted by fetching them: the question is asked once."""
UPDATED = Condition("event_id", Op.UPDATED)
TRUNCATED = Condition("truncated", Op.GT, 0)
_DOUBTFUL = AnyOf((UPDATED, TRUNCATED))
_PLACE = ("event_id", "trace_id", "start_ns", "truncated")
"""Columns that all matches are read with: what stands in a list is told by them."""
_SESSIONS_IN_DOUBT = (
    Condition("event_type", Op.EQ, "session"),
    AnyOf((Condition("is_started", Op.EQ, 1), UPDATED)),
)


@dataclass(frozen=True, slots=True)
class Matches:
    count: int
    """Of all; where nobody counts, at least one more than up to the page's end if others follow."""
    rows: Sequence[Row]
    """Of the page."""
    last: Row | None
    """The last row of a page that others follow, with the column that it is sorted by."""


class AttributeSearch:
    def __init__(self, analytics: Analytics, wide: WideEvents, *, scan_limit: int) -> None:
        self._analytics = analytics
        self._wide = wide
        self._few = min(_FEW, scan_limit // 2)

    async def matches(self, project: UUID, query: EventQuery, plan: Plan) -> Matches | None:
        """The matches of a question; None if too many are in doubt.

        For a plan whose attributes decide.
        """
        end = query.offset + query.limit
        # so many that the page is full whatever becomes of those in doubt
        most = max(_COUNTED, end + 1) if query.is_counted else end + 1 + self._few
        where = (*plan.where, *unless(plan.attributes, (TRUNCATED,)))
        found, patched = await asyncio.gather(
            self._rows(project, Relation.EVENTS, _PLACE, where, most, query.sort),
            self.patched(project, plan.where, query.sort),
        )
        if patched is None:
            return None
        updated, sessions = patched
        once = {event_id(row) for row in updated}
        truncated = [row for row in found if row["truncated"] and event_id(row) not in once]
        in_doubt = [*truncated, *updated, *sessions]
        is_cut = len(found) == most
        if len(in_doubt) > self._few or (in_doubt and is_cut and query.is_counted):
            return None
        doubtful = {event_id(row) for row in in_doubt}
        matching = [row for row in found if event_id(row) not in doubtful]
        matching += await self.sifted(project, query, await self._full(project, in_doubt))
        count = len(matching)
        if is_cut and query.is_counted:
            beyond, count = await asyncio.gather(
                self._count(project, (*plan.where, _DOUBTFUL)),
                self._count(project, (*plan.where, *plan.attributes)),
            )
            if beyond:
                return None
        page = query.sort.arranged(matching)[query.offset : end]
        last = page[-1] if page and count > end else None
        return Matches(count, await self._full(project, page), last)

    async def _full(self, project: UUID, rows: Sequence[Row]) -> Sequence[Row]:
        """The events of ``rows`` with the columns that are read from; other rows as they are. What
        went meanwhile is not among them."""
        bare = [row for row in rows if "event_type" not in row]
        bases = await self._wide.bases(project, bare)
        full = [row if "event_type" in row else bases.get(event_id(row)) for row in rows]
        return [row for row in full if row is not None]

    async def patched(
        self, project: UUID, where: Where, sort: Sort = NEWEST
    ) -> tuple[Sequence[Row], Sequence[Row]] | None:
        """The events that were updated, and the sessions of which patches tell, that fulfil
        ``where``; None if they are more than a few.

        Many projects have no patches at all: that is asked first.
        """
        query = Query(
            relation=Relation.PATCHES,
            project=project,
            group_by=("event_id",),
            measures=(Measure("patches", Function.COUNT),),
            limit=self._few + 1,
        )
        ids = [event_id(row) for row in await self._analytics.select(query)]
        if not ids:
            return [], []
        if len(ids) <= self._few:
            where = (*where, Condition("event_id", Op.IN, ids))
        updated, sessions = await asyncio.gather(
            self._in_doubt(project, Relation.EVENTS, BASE, (*where, UPDATED), sort),
            self._in_doubt(project, Relation.LISTING, LIGHT, (*where, *_SESSIONS_IN_DOUBT), sort),
        )
        return None if updated is None or sessions is None else (updated, sessions)

    async def _count(self, project: UUID, where: Where) -> int:
        return await self._analytics.count(
            Query(relation=Relation.EVENTS, project=project, columns=("event_id",), where=where)
        )

    async def _in_doubt(
        self, project: UUID, relation: Relation, columns: tuple[str, ...], where: Where, sort: Sort
    ) -> Sequence[Row] | None:
        """The rows that fulfil ``where``; None if they are more than a few."""
        rows = await self._rows(project, relation, columns, where, self._few + 1, sort)
        return rows if len(rows) <= self._few else None

    async def _rows(
        self,
        project: UUID,
        relation: Relation,
        columns: tuple[str, ...],
        where: Where,
        limit: int,
        sort: Sort,
    ) -> Sequence[Row]:
        return await self._analytics.select(
            Query(
                relation=relation,
                project=project,
                columns=sort.with_column(columns),
                where=where,
                order_by=sort.orders(),
                limit=limit,
            )
        )

    async def sifted(self, project: UUID, query: EventQuery, rows: Sequence[Row]) -> list[Row]:
        """Those of ``rows`` whose events match."""
        is_wanted = matcher(query.filters)
        wanted: list[bool] = []
        async for events in self._wide.slices(project, rows):
            wanted += await asyncio.to_thread(list, map(is_wanted, events))
        return [row for row, is_match in zip(rows, wanted, strict=True) if is_match]
