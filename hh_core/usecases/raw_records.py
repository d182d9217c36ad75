"""What was sent about one event: its span, its log records, its REST writes, as they were sent."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from hh_core.domain.event import Json
from hh_core.domain.identity import name_key as id_of
from hh_core.domain.segments import Address, RecordKind, SegmentRecord
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation
from hh_core.usecases.belonging import BASE
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.wide_events import WideEvents
from hh_core.wire.otlp_document import document
from hh_core.wire.rest import documents

MAX_BYTES = 64 << 20
"""Of the records that one answer is made from."""
_OTLP = (RecordKind.TRACES, RecordKind.LOGS)


class RawRecords:
    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        source: SegmentsSource,
        freshness: Freshness,
        *,
        name_key: bytes,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._source = source
        self._freshness = freshness
        self._name_key = name_key

    async def of_event(self, project: UUID, text: str) -> tuple[dict[str, Json], bool]:
        """The writes about the event of that id, and whether the index is behind.

        Raises ``NotFoundError`` for an unknown id, a session's, and another project's alike,
        ``NotYetError`` while the index is behind, ``RejectedError`` (422) for too much.
        """
        behind = await self._freshness.behind(project)
        of_id = Condition("event_id", Op.EQ, id_of(self._name_key, project, text))
        query = Query(
            relation=Relation.EVENTS, project=project, columns=BASE, where=(of_id,), limit=1
        )
        rows = await self._analytics.select(query)
        if not rows:
            raise missing("event", behind)
        addresses = await self._wide.addresses(project, rows[0])
        told = await self._told(project, addresses)
        return {"event_id": text, "writes": cast(Json, told)}, behind

    async def _told(self, project: UUID, addresses: Sequence[Address]) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = []
        budget = MAX_BYTES
        for address in addresses:
            records = await self._source.records(project, address.segment, [address.record])
            if (record := records.get(address.record)) is None:
                continue
            budget -= len(record.body)
            if budget < 0:
                raise RejectedError("what was sent is too large for one answer", code=422)
            found.append(await asyncio.to_thread(_write, record, address.ordinal))
        return found


def _write(record: SegmentRecord, ordinal: int) -> dict[str, Json]:
    received = datetime.fromtimestamp(record.header.received_ms / 1000, UTC)
    return {
        "kind": record.header.kind.name.lower(),
        "received_at": received.isoformat(timespec="milliseconds"),
        "content_type": record.header.content_type.name.lower(),
        "sent": _sent(record, ordinal),
    }


def _sent(record: SegmentRecord, ordinal: int) -> Json:
    """None where the record cannot be read any more."""
    try:
        if record.header.kind in _OTLP:
            return document(record, ordinal)
        rest: Mapping[int, dict[str, Json]] = dict(documents(record))
        return rest[ordinal]
    except (KeyError, NotFoundError, RejectedError, RecursionError):
        return None
