"""Content by reference: of a record no more is made than what is asked for."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, cast
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.segments import (
    Address,
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.usecases.content import Content
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire import otlp

PROJECT = UUID(int=1)
SPANS = 20


class _Source:
    """Has one record."""

    async def records(
        self, project: UUID, segment: str, offsets: Collection[int]
    ) -> Mapping[int, SegmentRecord]:
        return {7: _record()}


def test_of_a_record_only_the_spans_are_made_that_a_page_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    real = otlp.span_of

    def counted(message: Any, origin: Any) -> Any:
        made.append(message.name)
        return real(message, origin)

    monkeypatch.setattr(otlp, "span_of", counted)
    content = Content(cast(SegmentsSource, _Source()), SpanMapping(()))
    wanted = [Address("s", 7, ordinal) for ordinal in (3, 17)]

    found = asyncio.run(content.resolve(PROJECT, wanted))

    assert set(found) == set(wanted)
    assert made == ["step 3", "step 17"]


def _record() -> SegmentRecord:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(SPANS):
        scope.spans.add(trace_id=b"t" * 16, span_id=bytes([number + 1] * 8), name=f"step {number}")
    header = RecordHeader(
        RecordKind.TRACES, ContentType.PROTOBUF, Encoding.IDENTITY, PROJECT, PROJECT, 1, 1, 1
    )
    return SegmentRecord(header, request.SerializeToString())
