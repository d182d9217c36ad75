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
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
    Row,
)
from hh_core.usecases.belonging import LIGHT, TRACE_ROWS, Belonging, event_id, parts
from hh_core.usecases.narrowing import Plan, Where, after, unless

NEWEST_FIRST = (Order("start_ns", descending=True), Order("event_id"))
BATCH = 500
MAX_PATCHED = 10_000
"""With more patched events than this in a project, attributes do not narrow."""

_SESSION = Condition("event_type", Op.EQ, "session")
_NO_SESSION = Condition("event_type", Op.NE, "session")


@dataclass(frozen=True, slots=True)
class _Stream:
    relation: Relation
    where: Where


class Candidates:
    def __init__(self, analytics: Analytics, belonging: Belonging) -> None:
        self._analytics = analytics
        self._belonging = belonging

    async def of(
        self, project: UUID, plan: Plan, session: UUID | None
    ) -> AsyncIterator[Sequence[Row]]:
        """Batches of rows (columns ``LIGHT``) that hold every match, in the order of lists.

        ``session`` is the key of ``plan.session``; then only its rows come.
        """
        streams = await self._streams(project, plan, session)
        heads = [self._rows(project, stream) for stream in streams]
        async for batch in _merged(heads):
            if session is None:
                yield batch
                continue
            belongs = await self._belonging.sessions(project, batch)
            yield [row for row in batch if belongs[event_id(row)] == session]

    async def _streams(self, project: UUID, plan: Plan, session: UUID | None) -> Sequence[_Stream]:
        if session is not None:
            return await self._of_session(project, plan, session)
        patched = await self._patched(project) if plan.attributes or plan.ids else None
        if patched is None:
            return [_Stream(Relation.LISTING, plan.where)]
        is_patched = Condition("event_id", Op.IN, patched)
        rest = Condition("record_kind", Op.EQ, int(RecordKind.EVENT))
        open_ = (is_patched, Condition("truncated", Op.GT, 0))
        events = (*plan.where, *unless(plan.ids, [rest]), *unless(plan.attributes, open_))
        # whatever a session has in its buckets came by patches, so others cannot match
        sessions = (*plan.where, _SESSION, is_patched)
        return [_Stream(Relation.EVENTS, events), _Stream(Relation.LISTING, sessions)]

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
        streams = [
            _Stream(
                Relation.LISTING, (*plan.where, _NO_SESSION, Condition("trace_id", Op.IN, part))
            )
            for part in parts(traces)
        ]
        itself = Condition("event_id", Op.EQ, key)
        return [*streams, _Stream(Relation.LISTING, (*plan.where, _SESSION, itself))]

    async def _patched(self, project: UUID) -> Sequence[UUID] | None:
        """All events and sessions that have patches; None if there are too many to tell."""
        rows = await self._analytics.select(
            Query(
                relation=Relation.PATCHES,
                project=project,
                group_by=("event_id",),
                measures=(Measure("rows", Function.COUNT),),
                limit=MAX_PATCHED + 1,
            )
        )
        return None if len(rows) > MAX_PATCHED else [event_id(row) for row in rows]

    async def _rows(self, project: UUID, stream: _Stream) -> AsyncIterator[Row]:
        """A stream's rows, each fetched batch beginning after the last row of the one before."""
        beyond: tuple[Condition | AnyOf, ...] = ()
        while True:
            page = await self._analytics.select(
                Query(
                    relation=stream.relation,
                    project=project,
                    columns=LIGHT,
                    where=(*stream.where, *beyond),
                    order_by=NEWEST_FIRST,
                    limit=BATCH,
                )
            )
            for row in page:
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
