"""The rows that may match a question, newest first, in batches."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.segments import RecordKind
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Condition,
    Op,
    Order,
    Query,
    Relation,
    Row,
)
from hh_core.usecases.belonging import LIGHT, TRACE_ROWS, Belonging, event_id, parts
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.narrowing import Plan, after, unless

NEWEST_FIRST = (Order("start_ns", descending=True), Order("event_id"))
BATCH = 500

_SESSION = Condition("event_type", Op.EQ, "session")
_NO_SESSION = Condition("event_type", Op.NE, "session")
_UPDATED = Condition("event_id", Op.UPDATED)
_STARTED = Condition("is_started", Op.EQ, 1)
_PATCHED = (_STARTED, _UPDATED)
"""Of LISTING: that a patch may tell of the row."""
_REST = Condition("record_kind", Op.EQ, int(RecordKind.EVENT))
_TRUNCATED = Condition("truncated", Op.GT, 0)


@dataclass(frozen=True, slots=True)
class _Stream:
    relation: Relation
    where: Where
    limit: int | None = None


@dataclass(slots=True)
class Scan:
    """What attributes of sessions say stands in no index, and there may be as many as events:
    where events are narrowed, sessions must not use up all that a search may read."""

    max_sessions: int
    stopped_ns: int | None = None
    """The start of the first session that was left out."""


class Candidates:
    def __init__(self, analytics: Analytics, belonging: Belonging) -> None:
        self._analytics = analytics
        self._belonging = belonging

    async def of(
        self,
        project: UUID,
        plan: Plan,
        session: UUID | None,
        scan: Scan,
        columns: tuple[str, ...] = LIGHT,
    ) -> AsyncIterator[Sequence[Row]]:
        """Batches of rows (``columns``) that hold every match, newest first.

        ``session`` is the key of ``plan.session``; then only its rows come. ``scan`` bounds the
        sessions beside narrowed events, and learns where they stopped.
        """
        streams = await self._streams(project, plan, session, scan)
        heads = [self._rows(project, stream, scan, columns) for stream in streams]
        async for batch in _merged(heads):
            if session is None:
                yield batch
                continue
            belongs = await self._belonging.sessions(project, batch)
            yield [row for row in batch if belongs[event_id(row)] == session]

    async def _streams(
        self, project: UUID, plan: Plan, session: UUID | None, scan: Scan
    ) -> Sequence[_Stream]:
        if session is not None:
            return await self._of_session(project, plan, session)
        of_any = (*plan.where, *unless(plan.told, _PATCHED))
        if plan.only_sessions or not (plan.attributes or plan.ids):
            patched = (AnyOf(_PATCHED),) if plan.attributes or plan.ids else ()
            return [_Stream(Relation.LISTING, (*of_any, *patched))]
        ids = unless(plan.ids, [_REST])
        attributes = unless(plan.attributes, [_UPDATED, _TRUNCATED])
        told = unless(plan.told, [_UPDATED])
        events = (*plan.where, *told, *ids, *attributes)
        # whatever a session has in its buckets came by patches, so others cannot match
        sessions = (*plan.where, _SESSION, AnyOf(_PATCHED))
        return [
            _Stream(Relation.EVENTS, events),
            _Stream(Relation.LISTING, sessions, scan.max_sessions),
        ]

    async def _of_session(self, project: UUID, plan: Plan, key: UUID) -> Sequence[_Stream]:
        rows = await self._analytics.select(
            Query(
                relation=Relation.SESSION_TRACES,
                project=project,
                columns=("trace_id",),
                where=(Condition("session_key", Op.EQ, key),),
                limit=TRACE_ROWS,
            )
        )
        traces = [cast(bytes, row["trace_id"]) for row in rows]
        where = (*plan.where, *unless(plan.told, _PATCHED))
        streams = [
            _Stream(Relation.LISTING, (*where, _NO_SESSION, Condition("trace_id", Op.IN, part)))
            for part in parts(traces)
        ]
        itself = Condition("event_id", Op.EQ, key)
        return [*streams, _Stream(Relation.LISTING, (*where, _SESSION, itself))]

    async def _rows(
        self, project: UUID, stream: _Stream, scan: Scan, columns: tuple[str, ...]
    ) -> AsyncIterator[Row]:
        """A stream's rows, each fetched batch beginning after the last row of the one before."""
        beyond: tuple[Condition | AnyOf, ...] = ()
        left = stream.limit
        while True:
            page = await self._analytics.select(
                Query(
                    relation=stream.relation,
                    project=project,
                    columns=columns,
                    where=(*stream.where, *beyond),
                    order_by=NEWEST_FIRST,
                    limit=BATCH,
                )
            )
            for row in page:
                if left == 0:
                    scan.stopped_ns = cast(int, row["start_ns"])
                    return
                left = None if left is None else left - 1
                yield row
            if len(page) < BATCH:
                return
            beyond = after(cast(int, page[-1]["start_ns"]), event_id(page[-1]))


def place(row: Row) -> tuple[int, UUID]:
    """Where a row stands in lists."""
    return -cast(int, row["start_ns"]), event_id(row)


async def _merged(streams: Sequence[AsyncIterator[Row]]) -> AsyncIterator[Sequence[Row]]:
    """One ordered stream of batches from several ordered streams of rows."""
    heads: list[tuple[tuple[int, UUID], Row, AsyncIterator[Row]]] = []
    for stream in streams:
        first = await anext(stream, None)
        if first is not None:
            heads.append((place(first), first, stream))
    batch: list[Row] = []
    while heads:
        least = min(range(len(heads)), key=lambda index: heads[index][0])
        _, row, stream = heads[least]
        batch.append(row)
        following = await anext(stream, None)
        if following is None:
            del heads[least]
        else:
            heads[least] = (place(following), following, stream)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
