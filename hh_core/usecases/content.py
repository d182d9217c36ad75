"""Content by reference: an address is resolved by reading its record and mapping that one span.

Nothing is stored a second time (DESIGN 3.7). What the answer lacks is gone or another project's.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from hh_core.domain.event import Content as SpanContent
from hh_core.domain.event import Json
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.segments import Address, Encoding, RecordKind, SegmentRecord
from hh_core.domain.span import Span
from hh_core.errors import NotFoundError, RejectedError
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire.otlp import decode, decode_one
from hh_core.wire.rest import documents

_THREAD_ABOVE = 128 << 10
"""Bytes of a body from which on it is decoded in a thread, so that the loop keeps turning."""
_PACKED = 16
"""How much larger a compressed body usually is."""
_UNREADABLE: Mapping[str, Json] = {"metadata": {"content_unreadable": True}}

Piece = dict[str, Json]
"""Of a span: the fields of a wide event that its attributes make. Of a REST event: the event. Of a
patch: ``event_id``, ``is_start``, ``fields``."""


class Content:
    """Resolves addresses of one project at a time."""

    def __init__(self, source: SegmentsSource, mapping: SpanMapping) -> None:
        self._source = source
        self._mapping = mapping

    async def resolve(
        self, project: UUID, addresses: Collection[Address]
    ) -> Mapping[Address, Piece]:
        """The pieces that stand at ``addresses``, fresh objects each time. Those that retention
        has taken, that are damaged or that belong to another project are not in the answer."""
        wanted: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for address in addresses:
            wanted[address.segment][address.record].add(address.ordinal)
        found: dict[Address, Piece] = {}
        for segment, offsets in wanted.items():
            records = await self._source.records(project, segment, offsets)
            for offset, record in records.items():
                for ordinal, piece in (await self._pieces(record, offsets[offset])).items():
                    found[Address(segment, offset, ordinal)] = piece
                await asyncio.sleep(0)  # the loop has a turn
        return found

    async def _pieces(
        self, record: SegmentRecord, ordinals: Collection[int]
    ) -> Mapping[int, Piece]:
        is_packed = record.header.encoding is not Encoding.IDENTITY
        if len(record.body) * (_PACKED if is_packed else 1) > _THREAD_ABOVE:
            return await asyncio.to_thread(self._decoded, record, ordinals)
        return self._decoded(record, ordinals)

    def _decoded(self, record: SegmentRecord, ordinals: Collection[int]) -> Mapping[int, Piece]:
        try:
            if record.header.kind is RecordKind.TRACES:
                return {ordinal: self._mapped(span) for ordinal, span in _spans(record, ordinals)}
            return {ordinal: piece for ordinal, piece in documents(record) if ordinal in ordinals}
        except (NotFoundError, RejectedError):
            return {}

    def _mapped(self, span: Span) -> Piece:
        try:
            return piece_of(self._mapping.event(span))
        except RecursionError:  # this event suffers, not the page that it stands on
            return dict(_UNREADABLE)


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
    for ordinal, span in decode(record):
        if ordinal in ordinals:
            yield ordinal, span
        if ordinal >= last:
            return
