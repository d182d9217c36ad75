"""Searches that the index decides: nothing is read but the page, and a few in doubt.

In doubt are events that were updated, and sessions that patches tell of: their attributes stand in
no index. Where attributes are asked for, so are events with more or longer ones than it holds.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.filters import matcher
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
    Row,
)
from hh_core.usecases.belonging import BASE, LIGHT, event_id, is_session
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.narrowing import IS_SESSION, Plan, unless
from hh_core.usecases.search import EventQuery
from hh_core.usecases.sorting import NEWEST, Sort
from hh_core.usecases.wide_events import INDEXED_BASE, WideEvents

_FEW = 500
"""More in doubt are better gone through in the order of the list."""
_SPARE = 20
"""So many in doubt are expected at most, at first."""
_NEAR = 2_000
"""Matches up to the page's end that are fetched with all that the page shows."""
_COUNTED = 5_000
"""Matches that are fetched to be counted, where the index does not know how many there are."""
Columns = tuple[str, ...]
UPDATED = Condition("event_id", Op.UPDATED)
TRUNCATED = Condition("truncated", Op.GT, 0)
_PLACE = ("event_id", "trace_id", "start_ns", "truncated")
"""Columns that all matches are read with: what stands in a list is told by them."""
_PATCHED = AnyOf((Condition("is_started", Op.EQ, 1), UPDATED))
"""Of LISTING: that a patch may tell of the row."""
_SESSIONS_IN_DOUBT = (IS_SESSION, _PATCHED)


@dataclass(frozen=True, slots=True)
class Matches:
    count: int
    """Of all; where nobody counts, at least one more than up to the page's end if others follow."""
    rows: Sequence[Row]
    """Of the page."""
    last: Row | None
    """The last row of a page that others follow, with the column that it is sorted by."""


@dataclass(frozen=True, slots=True)
class _Counts:
    whole: int = 0
    """Of what the index says that matches."""
    truncated: bool = False
    """Whether there is more that it knows too little of."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, and what was asked about it beside its matches."""

    project: UUID
    query: EventQuery
    plan: Plan
    patched: tuple[Sequence[Row], Sequence[Row]]
    counts: _Counts


class AttributeSearch:
    def __init__(self, analytics: Analytics, wide: WideEvents, *, scan_limit: int) -> None:
        self._analytics = analytics
        self._wide = wide
        self._few = min(_FEW, scan_limit // 2)

    async def matches(self, project: UUID, query: EventQuery, plan: Plan) -> Matches | None:
        """The matches of a question; None if too many are in doubt.

        For a plan that the index decides.
        """
        end = query.offset + query.limit
        most = end + 1 + min(_SPARE, self._few)
        columns = page_columns(query) if end <= _NEAR else ()
        found, patched, counts = await asyncio.gather(
            self._found(project, query, plan, most, columns),
            self.patched(project, plan, query.sort),
            self._counts(project, query, plan),
        )
        if patched is None:
            return None
        asked = _Asked(project, query, plan, patched, counts)
        matches = await self._sorted_out(asked, found, most)
        if matches is not None or len(found) < most:
            return matches
        # with more room for those in doubt
        most = end + 1 + self._few
        if query.is_counted:
            most = max(_COUNTED, most)
        return await self._sorted_out(asked, await self._found(project, query, plan, most), most)

    async def _sorted_out(self, asked: "_Asked", found: Sequence[Row], most: int) -> Matches | None:
        """The matches among ``found``, of which ``most`` were asked for, and those in doubt; None
        if these are too many for a page that is full whatever becomes of them."""
        project, query = asked.project, asked.query
        end = query.offset + query.limit
        updated, sessions = asked.patched
        once = {_key(row) for row in updated}
        truncated = [row for row in found if row.get("truncated") and _key(row) not in once]
        in_doubt = [*truncated, *updated, *sessions]
        is_cut = len(found) == most
        if len(in_doubt) > (min(self._few, most - end - 1) if is_cut else self._few):
            return None
        if is_cut and query.is_counted and (truncated or asked.counts.truncated):
            return None
        doubtful = {_key(row) for row in in_doubt}
        matching = [row for row in found if _key(row) not in doubtful]
        sifted = await self.sifted(project, query, await self._full(project, in_doubt))
        matching += sifted
        count = len(matching)
        if is_cut and query.is_counted:
            count = await self._beyond(asked, len(sifted), is_doubted=bool(in_doubt))
        page = query.sort.arranged(matching)[query.offset : end]
        last = page[-1] if page and count > end else None
        return Matches(count, await self._full(project, page), last)

    async def _found(
        self, project: UUID, query: EventQuery, plan: Plan, most: int, columns: Columns = ()
    ) -> Sequence[Row]:
        """What the index says that matches, and what it knows too little of: of events with
        ``columns`` beside those that tell where they stand."""
        where = (*plan.where, *plan.told)
        if plan.relation is Relation.LISTING:
            where = (*where, *plan.attributes)
            return await self._rows(project, Relation.LISTING, LIGHT, where, most, query.sort)
        where = (*where, *unless(plan.attributes, (TRUNCATED,)))
        columns = tuple(dict.fromkeys((*(_PLACE if plan.attributes else _PLACE[:-1]), *columns)))
        return await self._rows(project, Relation.EVENTS, columns, where, most, query.sort)

    async def _counts(self, project: UUID, query: EventQuery, plan: Plan) -> "_Counts":
        """How many there are of what ``_found`` finds."""
        if not query.is_counted:
            return _Counts()
        where = (*plan.where, *plan.told)
        if plan.relation is Relation.LISTING or not plan.attributes:
            where = (*where, *plan.attributes)
            return _Counts(await self._count(project, plan.relation, where))
        groups = await self._analytics.select(
            Query(
                relation=Relation.EVENTS,
                project=project,
                where=(*where, *unless(plan.attributes, (TRUNCATED,))),
                group_by=("truncated",),
                measures=(Measure("rows", Function.COUNT),),
                order_by=(Order("truncated"),),
                limit=2,  # those that are whole, and whether there are others
            )
        )
        whole = sum(cast(int, group["rows"]) for group in groups if group["truncated"] == 0)
        return _Counts(whole, any(group["truncated"] for group in groups))

    async def _beyond(self, asked: "_Asked", sifted: int, *, is_doubted: bool) -> int:
        """How many match where not all were fetched. Of those in doubt ``sifted`` match, whatever
        the index says of them."""
        plan = asked.plan
        if not is_doubted:
            return asked.counts.whole
        patched = UPDATED if plan.relation is Relation.EVENTS else _PATCHED
        where = (*plan.where, *plan.told, *plan.attributes, patched)
        in_doubt = await self._count(asked.project, plan.relation, where)
        return asked.counts.whole - in_doubt + sifted

    async def _full(self, project: UUID, rows: Sequence[Row]) -> Sequence[Row]:
        """The events of ``rows`` with the columns that are read from too; other rows as they are.
        What went meanwhile is not among them."""
        bare = [row for row in rows if "event_type" not in row]
        bases = await self._wide.bases(project, bare)
        return [
            row if "event_type" in row else {**row, **bases[event_id(row)]}
            for row in rows
            if "event_type" in row or event_id(row) in bases
        ]

    async def patched(
        self, project: UUID, plan: Plan, sort: Sort = NEWEST
    ) -> tuple[Sequence[Row], Sequence[Row]] | None:
        """The events that were updated, and the sessions of which patches tell, that may match;
        None if they are more than a few.

        Many projects have no patches at all: that is asked first.
        """
        where = plan.where
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
            _none()
            if plan.only_sessions
            else self._in_doubt(project, Relation.EVENTS, BASE, (*where, UPDATED), sort),
            _none()
            if plan.no_sessions
            else self._in_doubt(
                project, Relation.LISTING, LIGHT, (*where, *_SESSIONS_IN_DOUBT), sort
            ),
        )
        return None if updated is None or sessions is None else (updated, sessions)

    async def _count(self, project: UUID, relation: Relation, where: Where) -> int:
        return await self._analytics.count(
            Query(relation=relation, project=project, columns=("event_id",), where=where)
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


def page_columns(query: EventQuery) -> Columns:
    """Of EVENTS, all that a page is composed from."""
    return INDEXED_BASE if query.of_index else BASE


def _key(row: Row) -> tuple[UUID, bool]:
    """A session may have the id of one of its events."""
    return event_id(row), "event_type" in row and is_session(row)


async def _none() -> Sequence[Row]:
    return ()
