"""Live lists: what became readable or changed since an answer, by receipt."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.event import Json
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row, Value
from hh_core.usecases.attribute_search import AttributeSearch
from hh_core.usecases.belonging import BASE, LIGHT, event_id
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.composing import Composing
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.narrowing import plan
from hh_core.usecases.page import Page
from hh_core.usecases.recent import MOST, OVERLAP_MS, Digest, Recent, pack, recent, unpack
from hh_core.usecases.search import EventQuery

_REMEMBERED = 500
"""Digests that a token carries: eight bytes each. What is beyond may be told twice."""
_SESSION = Condition("event_type", Op.EQ, "session")


@dataclass(frozen=True, slots=True)
class _Mark:
    """Up to when all that was acknowledged has been told, and what of its last seconds was."""

    at_ms: int
    told: frozenset[Digest]


class Live:
    def __init__(
        self,
        analytics: Analytics,
        by_attributes: AttributeSearch,
        composing: Composing,
        cursors: Cursors,
    ) -> None:
        self._analytics = analytics
        self._by_attributes = by_attributes
        self._composing = composing
        self._cursors = cursors

    async def begin(self, project: UUID, query: EventQuery, *, behind: bool) -> str | None:
        """The token of an ordinary answer; ask before its rows are read. None while the index is
        behind: what is missing may have been received long ago."""
        if behind:
            return None
        known = await recent(self._analytics, project, query.asked_ms - OVERLAP_MS)
        return self._seal(project, query, query.asked_ms, known)

    async def changes(self, project: UUID, query: EventQuery, *, behind: bool) -> Page:
        """The matching events and sessions of which something is new, in the order of the list.

        Nothing is left out without saying so: while the index is behind, the next window begins
        where this one did, and where there is more than fits, the page says that there is.
        """
        mark = self._mark(project, query)
        known = await recent(self._analytics, project, mark.at_ms - OVERLAP_MS)
        fresh = known.beyond(mark.told)
        rows = await self._matching(project, query, fresh)
        page = await self._composing.page(project, query, rows[: query.limit])
        page.is_counted = False
        page.has_more_changes = fresh.is_cut or len(rows) > query.limit
        page.since = self._seal(project, query, mark.at_ms if behind else query.asked_ms, known)
        return page

    async def _matching(self, project: UUID, query: EventQuery, fresh: Recent) -> list[Row]:
        planned = plan(query)
        where = planned.where
        spans = () if planned.only_sessions else await self._of_spans(project, query, fresh, where)
        rows = {event_id(row): row for row in spans}
        ids = [key for key in fresh.events if key not in rows]
        events: list[Row] = list(rows.values())
        for start in range(0, len(ids), MOST):
            some = Condition("event_id", Op.IN, ids[start : start + MOST])
            for relation, columns, conditions in (
                (Relation.EVENTS, BASE, (*where, some)),
                (Relation.LISTING, LIGHT, (*where, some, _SESSION)),
            ):
                if relation is Relation.EVENTS and planned.only_sessions:
                    continue
                events += await self._rows(project, query, relation, columns, conditions)
        if not planned.exact:
            events = await self._by_attributes.sifted(project, query, events)
        return query.sort.arranged(events)

    async def _of_spans(
        self, project: UUID, query: EventQuery, fresh: Recent, where: Where
    ) -> Sequence[Row]:
        if not fresh.spans:
            return ()
        traces, spans = ({key[side] for key in fresh.spans} for side in (0, 1))
        at = (
            Condition("trace_id", Op.IN, cast("list[Value]", list(traces))),
            Condition("span_id", Op.IN, cast("list[Value]", list(spans))),
        )
        rows = await self._rows(project, query, Relation.EVENTS, BASE, (*where, *at))
        return [row for row in rows if (row["trace_id"], row["span_id"]) in fresh.spans]

    async def _rows(
        self,
        project: UUID,
        query: EventQuery,
        relation: Relation,
        columns: tuple[str, ...],
        where: Where,
    ) -> Sequence[Row]:
        return await self._analytics.select(
            Query(
                relation=relation,
                project=project,
                columns=query.sort.with_column(columns),
                where=where,
                order_by=query.sort.orders(),
                limit=2 * MOST,
            )
        )

    def _seal(self, project: UUID, query: EventQuery, at_ms: int, known: Recent) -> str:
        told = base64.b85encode(pack(known.digests[:_REMEMBERED])).decode()
        return self._cursors.seal(project, _question(query), [at_ms, told])

    def _mark(self, project: UUID, query: EventQuery) -> _Mark:
        value = self._cursors.open(project, _question(query), cast(str, query.since), name="since")
        return _read(value)


def _question(query: EventQuery) -> str:
    return f"since {query.question}"


def _read(value: Json) -> _Mark:
    try:
        at_ms, told = value
        return _Mark(int(at_ms), unpack(base64.b85decode(told)))
    except (TypeError, ValueError, binascii.Error):
        raise RejectedError("since is not one of this question; begin again without it") from None
