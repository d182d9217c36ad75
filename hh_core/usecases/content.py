"""Content by reference: an address is resolved by reading its record and mapping that one span,
together with the log records that belong to it.

Nothing is stored a second time (DESIGN 3.7). What the answer lacks is gone or another project's.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from hh_core.domain.event import Content as SpanContent
from hh_core.domain.event import Json
from hh_core.domain.log_record import LogRecord, in_order
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.segments import Address, Encoding, RecordKind, SegmentRecord
from hh_core.domain.span import Span
from hh_core.errors import NotFoundError, RejectedError
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.span_logs import LOG_BYTES
from hh_core.wire import otlp_logs
from hh_core.wire.otlp import decode_one, decode_some
from hh_core.wire.rest import documents

_THREAD_ABOVE = 128 << 10
"""Bytes of a body from which on it is decoded in a thread, so that the loop keeps turning."""
_PACKED = 16
"""How much larger a compressed body usually is."""
_UNREADABLE: Mapping[str, Json] = {"content_unreadable": True}
MISSING = "log_records_missing"

Logs = Mapping[Address, Sequence[Address]]
_NO_LOGS: Logs = {}
_WantedT = TypeVar("_WantedT")
_FoundT = TypeVar("_FoundT")

Piece = dict[str, Json]
"""Of a span: the fields of a wide event that its attributes make, perhaps with ``MISSING``. Of a
REST event: the event. Of a patch: ``event_id``, ``is_start``, ``fields``."""


class Content:
    """Resolves addresses of one project at a time."""

    def __init__(
        self, source: SegmentsSource, mapping: SpanMapping, *, log_bytes: int = LOG_BYTES
    ) -> None:
        """``log_bytes`` of log records are joined to one span."""
        self._source = source
        self._mapping = mapping
        self._log_bytes = log_bytes

    async def resolve(
        self, project: UUID, addresses: Collection[Address], joined: Logs = _NO_LOGS
    ) -> Mapping[Address, Piece]:
        """The pieces that stand at ``addresses``, fresh objects each time. Those that retention
        has taken, that are damaged or that belong to another project are not in the answer.

        ``joined``: of spans among ``addresses`` where their log records stand, in the order of
        their versions. How many of these are not there any more, or are too many bytes, stands
        under ``MISSING``.
        """
        logs = await self._logs(project, joined)
        found: dict[Address, Piece] = {}
        async for segment, offset, record, ordinals in self._records(project, addresses):
            own = {at: joined.get(Address(segment, offset, at), ()) for at in ordinals}
            there = {at: [logs[log] for log in some if log in logs] for at, some in own.items()}
            for ordinal, piece in (await _in_turn(self._decoded, record, there)).items():
                missing = len(own[ordinal]) - len(there[ordinal])
                if missing:
                    piece[MISSING] = missing
                found[Address(segment, offset, ordinal)] = piece
        return found

    async def _logs(self, project: UUID, joined: Logs) -> Mapping[Address, LogRecord]:
        """Of each span the first that have room, in an order that does not depend on what else is
        read with it."""
        found: dict[Address, LogRecord] = {}
        spans = {log: span for span, logs in joined.items() for log in logs}
        room = dict.fromkeys(joined, self._log_bytes)
        there = self._records(project, sorted(spans, key=_place))
        async for segment, offset, record, ordinals in there:
            logs = await _in_turn(_log_records, record, ordinals)
            for ordinal, log in sorted(logs.items()):
                at = Address(segment, offset, ordinal)
                room[spans[at]] -= log.size
                if room[spans[at]] >= 0:
                    found[at] = log
        return found

    async def _records(
        self, project: UUID, addresses: Collection[Address]
    ) -> AsyncIterator[tuple[str, int, SegmentRecord, Collection[int]]]:
        """The records that hold ``addresses``: segment, offset, the record, the ordinals in it."""
        wanted: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for address in addresses:
            wanted[address.segment][address.record].add(address.ordinal)
        for segment, offsets in wanted.items():
            records = await self._source.records(project, segment, offsets)
            for offset, record in sorted(records.items()):
                yield segment, offset, record, offsets[offset]
                await asyncio.sleep(0)  # the loop has a turn

    def _decoded(
        self, record: SegmentRecord, wanted: Mapping[int, Sequence[LogRecord]]
    ) -> Mapping[int, Piece]:
        """The pieces at the ordinals of ``wanted``, each of a span with its log records."""
        try:
            if record.header.kind is RecordKind.TRACES:
                return {at: self._mapped(span, wanted[at]) for at, span in _spans(record, wanted)}
            return {ordinal: piece for ordinal, piece in documents(record) if ordinal in wanted}
        except (NotFoundError, RejectedError):
            return {}

    def _mapped(self, span: Span, logs: Sequence[LogRecord]) -> Piece:
        try:
            return piece_of(self._mapping.event(span, in_order(logs)))
        except RecursionError:  # this event suffers, not the page that it stands on
            return {"metadata": dict(_UNREADABLE)}


def _place(address: Address) -> tuple[str, int, int]:
    return address.segment, address.record, address.ordinal


async def _in_turn(
    work: Callable[[SegmentRecord, _WantedT], _FoundT], record: SegmentRecord, wanted: _WantedT
) -> _FoundT:
    """Decode a record: here, or a large one in a thread."""
    is_packed = record.header.encoding is not Encoding.IDENTITY
    if len(record.body) * (_PACKED if is_packed else 1) > _THREAD_ABOVE:
        return await asyncio.to_thread(work, record, wanted)
    return work(record, wanted)


def _log_records(record: SegmentRecord, ordinals: Collection[int]) -> Mapping[int, LogRecord]:
    if record.header.kind is not RecordKind.LOGS:
        return {}
    try:
        return dict(otlp_logs.decode(record, ordinals))
    except RejectedError:
        return {}


def piece_of(content: SpanContent) -> Piece:
    """The fields of a wide event that a span's content fills."""
    return {
        "source": content.source,
        "error": content.error,
        "inputs": content.inputs,
        "outputs": content.outputs,
        "config": content.config,
        "metadata": content.metadata,
        "metrics": content.metrics,
        "feedback": content.feedback,
        "user_properties": content.user_properties,
    }


def _spans(record: SegmentRecord, ordinals: Collection[int]) -> Iterator[tuple[int, Span]]:
    if len(ordinals) == 1:
        (ordinal,) = ordinals
        yield ordinal, decode_one(record, ordinal)
        return
    last = max(ordinals)
    for ordinal, span in decode_some(record, ordinals):
        yield ordinal, span
        if ordinal >= last:
            return
