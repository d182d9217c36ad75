"""Segments as ingest would ship them, for tests."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
    inbox_key,
    segment_name,
)
from hh_core.ports.objects import Objects
from hh_core.wire.segment import encode_record, file_header

PROJECT = UUID("5f0c0a86-6a53-4c2e-9ad3-0f6d1c8f2b11")
OTHER = UUID("11111111-6a53-4c2e-9ad3-0f6d1c8f2b11")
KEY_ID = UUID("0b6a7f3e-8a39-4b6e-8a53-4d0a3f1f9c55")
NODE = 1


def record(
    body: bytes,
    *,
    project: UUID = PROJECT,
    kind: RecordKind = RecordKind.TRACES,
    content_type: ContentType = ContentType.JSON,
    sequence: int = 1,
    received_ms: int = 1_767_323_045_000,
    encoding: Encoding = Encoding.IDENTITY,
) -> SegmentRecord:
    header = RecordHeader(
        kind, content_type, encoding, project, KEY_ID, NODE, sequence, received_ms
    )
    return SegmentRecord(header, body)


def document(kind: RecordKind, items: Sequence[object], **rest: Any) -> SegmentRecord:
    name = {RecordKind.EVENT: "events", RecordKind.PATCH: "patches"}[kind]
    return record(orjson.dumps({name: items}), kind=kind, **rest)


def name(created_ms: int, random: int = 0) -> str:
    return segment_name(created_ms, random, NODE)


def segment(called: str, records: Sequence[SegmentRecord]) -> tuple[bytes, list[int]]:
    """The bytes of a segment, and the offset of each record."""
    data = file_header(NODE)
    offsets = []
    for item in records:
        offsets.append(len(data))
        data += encode_record(item, called)
    return data, offsets


async def ship(objects: Objects, called: str, records: Sequence[SegmentRecord]) -> list[int]:
    """Put a segment under inbox/; the offsets of its records."""
    data, offsets = segment(called, records)
    await objects.put(inbox_key(called), data)
    return offsets
