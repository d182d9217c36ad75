"""What was sent about one event: its span, its log records, its REST writes, as they were sent."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import cast
from uuid import UUID

from hh_core.domain.event import Json
from hh_core.domain.identity import name_key as id_of
from hh_core.domain.segments import Address, RecordKind, SegmentRecord
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation
from hh_core.usecases.belonging import BASE
from hh_core.usecases.concern import of_rows
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.read_limits import Turns
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.wide_events import WideEvents
from hh_core.wire.otlp_body import plain_size
from hh_core.wire.otlp_document import otlp_documents
from hh_core.wire.rest import documents

MAX_BYTES = 64 << 20
"""Of the records that one answer is made from, after decompression."""
_OTLP = (RecordKind.TRACES, RecordKind.LOGS)


class RawRecords:
    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        source: SegmentsSource,
        freshness: Freshness,
        turns: Turns,
        *,
        name_key: bytes,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._source = source
        self._freshness = freshness
        self._turns = turns
        self._name_key = name_key

    async def of_event(
        self, project: UUID, text: str, *, wait: float | None = None
    ) -> tuple[dict[str, Json], bool]:
        """The writes about the event of that id, and whether the index is behind.

        Raises ``NotFoundError`` for an unknown id, a session's, and another project's alike,
        ``NotYetError`` while the index is behind, ``RejectedError`` (422) for too much.
        """
        of_id = Condition("event_id", Op.EQ, id_of(self._name_key, project, text))
        query = Query(
            relation=Relation.EVENTS, project=project, columns=BASE, where=(of_id,), limit=1
        )
        rows, behind = await self._freshness.settled(
            project, partial(self._analytics.select, query), of_rows, wait
        )
        if not rows:
            raise missing("event", behind)
        async with self._turns.turn(project):
            addresses = await self._wide.addresses(project, rows[0])
            told = await self._told(project, addresses)
        return {"event_id": text, "writes": cast(Json, told)}, behind

    async def _told(self, project: UUID, addresses: Sequence[Address]) -> list[dict[str, Json]]:
        """In the order of ``addresses``; each record is read once, whatever stands in it."""
        wanted: dict[tuple[str, int], set[int]] = defaultdict(set)
        for at in addresses:
            wanted[at.segment, at.record].add(at.ordinal)
        found: dict[Address, dict[str, Json]] = {}
        budget = MAX_BYTES
        for (segment, offset), ordinals in wanted.items():
            records = await self._source.records(project, segment, [offset])
            if (record := records.get(offset)) is None:
                continue
            budget -= plain_size(record.body, record.header.encoding)
            if budget < 0:
                raise RejectedError("what was sent is too large for one answer", code=422)
            writes = await asyncio.to_thread(_writes, record, ordinals)
            found |= {Address(segment, offset, at): write for at, write in writes.items()}
        return [found[at] for at in addresses if at in found]


def _writes(record: SegmentRecord, ordinals: Collection[int]) -> Mapping[int, dict[str, Json]]:
    received = datetime.fromtimestamp(record.header.received_ms / 1000, UTC)
    head: dict[str, Json] = {
        "kind": record.header.kind.name.lower(),
        "received_at": received.isoformat(timespec="milliseconds"),
        "content_type": record.header.content_type.name.lower(),
    }
    sent = _sent(record, ordinals)
    return {ordinal: {**head, "sent": sent.get(ordinal)} for ordinal in ordinals}


def _sent(record: SegmentRecord, ordinals: Collection[int]) -> Mapping[int, Json]:
    """What cannot be read any more is not there."""
    try:
        if record.header.kind in _OTLP:
            return dict(otlp_documents(record, ordinals))
        return {ordinal: item for ordinal, item in documents(record) if ordinal in ordinals}
    except (RejectedError, RecursionError):
        return {}
