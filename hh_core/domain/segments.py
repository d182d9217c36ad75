"""Segments, records and addresses: where raw content stands, and under which names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from hh_core.errors import RejectedError

KIND = "segments"
"""The kind of a segment's document in the records port. Fields, each set by its owner with
``merge``: ``size`` (bytes) and ``records`` by ship; ``indexed`` (ms) by dispatch; ``relayed`` (ms)
by relay, when the control plane has receipted; ``packed`` (ms) by pack; ``attempts`` and ``sent``
(ms) by the reconciler; ``corrupt`` (count) by dispatch."""

INBOX = "inbox/"
RELAY = "relay/"
RAW = "raw/"

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NAME = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}-[0-9a-f]{4}")


class RecordKind(IntEnum):
    """What a record's body is."""

    TRACES = 1
    """An OTLP ``ExportTraceServiceRequest``, byte for byte as it came."""
    LOGS = 2
    """An OTLP ``ExportLogsServiceRequest``, likewise."""
    EVENT = 3
    """JSON of one REST event or of a batch of them, with ids and times filled in."""
    PATCH = 4
    """JSON of one update or session start."""
    SCORE = 5
    METRICS = 6
    """An OTLP ``ExportMetricsServiceRequest``: kept as it came, in no index."""


class ContentType(IntEnum):
    PROTOBUF = 1
    JSON = 2


class Encoding(IntEnum):
    """How the body is compressed. It is kept as the client sent it."""

    IDENTITY = 0
    GZIP = 1


@dataclass(frozen=True, slots=True)
class RecordHeader:
    kind: RecordKind
    content_type: ContentType
    encoding: Encoding
    project: UUID
    key_id: UUID
    """Which API key wrote it."""
    node: int
    sequence: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """One accepted request."""

    header: RecordHeader
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where one event's content stands, for ever: packing keeps addresses (DESIGN 3.8)."""

    segment: str
    record: int
    """Byte offset of the record in its segment."""
    ordinal: int
    """Position of the span (in document order), log record, event or patch within the record."""


def segment_name(created_ms: int, random: int, node: int) -> str:
    """A ULID (https://github.com/ulid/spec) and the node: names sort by age.

    ``random`` gives its 80 random bits.
    """
    number = created_ms << 80 | random & (1 << 80) - 1
    ulid = "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
    return f"{ulid}-{node:04x}"


def segment_created_ms(name: str) -> int:
    """When the segment called ``name`` was begun. Raises ``RejectedError`` for any other text."""
    if not _NAME.fullmatch(name):
        raise RejectedError("not the name of a segment")
    number = 0
    for letter in name[:26]:
        number = number << 5 | _CROCKFORD.index(letter)
    return number >> 80


def is_segment_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def inbox_key(segment: str) -> str:
    return INBOX + segment


def relay_key(segment: str) -> str:
    return RELAY + segment


def is_relayed(document: Mapping[str, object]) -> bool:
    """Whether the control plane has receipted what was spooled of the segment last.

    ``document`` is the segment's of kind ``KIND``: ``spooled`` and ``receipted`` are digests of its
    telemetry, which changes when a row that was refused is repaired.
    """
    if document.get("relayed") is None:
        return False
    spooled = document.get("spooled")
    return spooled is None or spooled == document.get("receipted")
