"""The segment format, version 1: a file header, then records, each with checksums of its own.

::

    segment = "HHSG" u16 version  u16 node  record*
    record  = header(68) body
    header  = "HHR1"  u32 body_length  u32 body_crc  u8 kind  u8 content_type  u8 encoding  u8 0
              project(16)  key_id(16)  u16 node  u16 0  u32 sequence  u64 received_ms
              u32 header_crc          (little endian; CRC-32 of zlib)

``header_crc`` covers the segment's name and the header before it: the name is random and never
told to clients, so no body can smuggle in bytes that pass for a record. A torn tail ends the
segment; a damaged record in the middle is skipped and reported; reading never fails on bad bytes
(PROMISES 2.1).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from isal import isal_zlib

from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.errors import RejectedError

FILE_MAGIC = b"HHSG"
RECORD_MAGIC = b"HHR1"
FORMAT_VERSION = 1
FILE_HEADER = struct.Struct("<4sHH")
_RECORD_HEADER = struct.Struct("<4sIIBBBx16s16sHxxIQI")
RECORD_HEADER_SIZE = _RECORD_HEADER.size
_CHECKED = RECORD_HEADER_SIZE - 4


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that do not check. ``torn`` marks an unfinished end: nothing acked."""

    offset: int
    length: int
    torn: bool


@dataclass(frozen=True, slots=True)
class Located:
    """A record and the byte offset that addresses it."""

    offset: int
    record: SegmentRecord


def file_header(node: int) -> bytes:
    return FILE_HEADER.pack(FILE_MAGIC, FORMAT_VERSION, node)


def encode_record(record: SegmentRecord, segment: str) -> bytes:
    """One frame, ready to be appended to the segment of that name."""
    header = record.header
    packed = _RECORD_HEADER.pack(
        RECORD_MAGIC,
        len(record.body),
        isal_zlib.crc32(record.body),
        header.kind,
        header.content_type,
        header.encoding,
        header.project.bytes,
        header.key_id.bytes,
        header.node,
        header.sequence,
        header.received_ms,
        0,
    )
    checked = packed[:_CHECKED]
    return checked + struct.pack("<I", _header_crc(checked, segment)) + record.body


def read_segment(data: bytes, segment: str) -> Iterator[Located | Damage]:
    """Everything in a segment, in order. ``RejectedError`` only for a foreign file header."""
    if len(data) < FILE_HEADER.size:
        if data:
            yield Damage(0, len(data), torn=True)
        return
    magic, version, _ = FILE_HEADER.unpack_from(data)
    if magic != FILE_MAGIC or version != FORMAT_VERSION:
        raise RejectedError(f"not a segment of format version {FORMAT_VERSION}")
    offset = FILE_HEADER.size
    while offset < len(data):
        found = _read_at(data, offset, segment)
        if isinstance(found, Located):
            yield found
            offset += RECORD_HEADER_SIZE + len(found.record.body)
        else:
            yield found
            offset += found.length


def read_record(data: bytes, segment: str) -> SegmentRecord:
    """The record at the start of ``data``. Raises ``RejectedError`` if it does not check."""
    found = _read_at(data, 0, segment)
    if isinstance(found, Damage):
        raise RejectedError("the record is damaged", code=422)
    return found.record


def record_size(header: bytes, segment: str) -> int:
    """Bytes of the whole record that starts with these header bytes."""
    _check_header(header, 0, segment)
    return RECORD_HEADER_SIZE + int(struct.unpack_from("<I", header, 4)[0])


def sound_length(data: bytes, segment: str) -> int:
    """How many leading bytes of a segment are sound: where a torn tail is cut."""
    for found in read_segment(data, segment):
        if isinstance(found, Damage) and found.torn:
            return found.offset
    return len(data)


def _read_at(data: bytes, offset: int, segment: str) -> Located | Damage:
    try:
        _check_header(data, offset, segment)
    except RejectedError:
        return _damage(data, offset, segment)
    fields = _RECORD_HEADER.unpack_from(data, offset)
    start = offset + RECORD_HEADER_SIZE
    body = data[start : start + fields[1]]
    if len(body) < fields[1]:
        return Damage(offset, len(data) - offset, torn=True)
    if isal_zlib.crc32(body) != fields[2]:
        end = start + fields[1]
        return Damage(offset, end - offset, torn=end == len(data))
    return Located(offset, SegmentRecord(_header(fields), body))


def _header(fields: tuple[int | bytes, ...]) -> RecordHeader:
    _, _, _, kind, content_type, encoding, project, key_id, node, sequence, received, _ = fields
    assert isinstance(project, bytes)
    assert isinstance(key_id, bytes)
    return RecordHeader(
        RecordKind(int(kind)),
        ContentType(int(content_type)),
        Encoding(int(encoding)),
        UUID(bytes=project),
        UUID(bytes=key_id),
        int(node),
        int(sequence),
        int(received),
    )


def _check_header(data: bytes, offset: int, segment: str) -> None:
    header = data[offset : offset + RECORD_HEADER_SIZE]
    if (
        len(header) < RECORD_HEADER_SIZE
        or header[:4] != RECORD_MAGIC
        or _header_crc(header[:_CHECKED], segment) != struct.unpack_from("<I", header, _CHECKED)[0]
    ):
        raise RejectedError("the record's header is damaged", code=422)


def _damage(data: bytes, offset: int, segment: str) -> Damage:
    """Skip to the next sound header; without one the rest is a torn tail."""
    candidate = data.find(RECORD_MAGIC, offset + 1)
    while candidate >= 0:
        try:
            _check_header(data, candidate, segment)
        except RejectedError:
            candidate = data.find(RECORD_MAGIC, candidate + 1)
        else:
            return Damage(offset, candidate - offset, torn=False)
    return Damage(offset, len(data) - offset, torn=True)


def _header_crc(checked: bytes, segment: str) -> int:
    return isal_zlib.crc32(checked, isal_zlib.crc32(segment.encode()))
