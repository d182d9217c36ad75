"""OTLP traces: checked before they are acknowledged, decoded when they are dispatched or read.

The body of a request is journalled byte for byte as it came; ``check`` promises that ``decode``
will work on it. Ordinals number all spans of a request in document order, also those that were
refused, so that the address of a span never depends on a rule.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from google.protobuf.message import DecodeError

from hh_core.domain.segments import ContentType, Encoding, SegmentRecord
from hh_core.domain.span import Span
from hh_core.errors import NotFoundError
from hh_core.wire import otlp_json, otlp_protobuf
from hh_core.wire.otlp_body import UNLIMITED, Checked, Limits, decompress, plain_size
from hh_core.wire.otlp_light import (
    LIGHT,
    Head,
    attributes_of,
    failing_span,
    head_of,
    may_have_failed,
    values_of,
)
from hh_core.wire.otlp_protobuf import Group
from hh_core.wire.otlp_scan import PIECE_BYTES
from hh_core.wire.otlp_spans import is_sound, origin_of, span_of

__all__ = [
    "UNLIMITED",
    "Checked",
    "DecodeError",
    "Group",
    "Head",
    "Limits",
    "attributes_of",
    "check",
    "decode",
    "decode_one",
    "decode_some",
    "failing_span",
    "head_of",
    "is_small",
    "light_groups",
    "may_have_failed",
    "origin_of",
    "unpacked",
    "values_of",
]

PROBLEM = "trace_id must be 16 bytes, span_id and parent_span_id 8 bytes, none of the ids all zero"


def check(body: bytes, content_type: ContentType, encoding: Encoding, limits: Limits) -> Checked:
    """Raises ``RejectedError``: 400 malformed, 413 over a limit; bounds hold before objects are
    built."""
    plain = decompress(body, encoding, limits)
    if content_type is ContentType.JSON:
        found = [span is not None for _, span in otlp_json.spans(plain, limits)]
        return _checked(len(found), found.count(False), plain)
    spans = rejected = 0
    for group in otlp_protobuf.groups(plain, limits, check=True):
        spans += len(group.spans)
        rejected += sum(not is_sound(span) for span in group.spans)
    return _checked(spans, rejected, plain)


def _checked(spans: int, rejected: int, plain: bytes) -> Checked:
    return Checked(spans, rejected, len(plain), PROBLEM if rejected else "")


def decode(record: SegmentRecord) -> Iterator[tuple[int, Span]]:
    """The sound spans of a record of kind ``TRACES``, each with its ordinal.

    Raises ``RejectedError`` for a body that ``check`` would not have let in.
    """
    return _decoded(record, None)


def decode_some(record: SegmentRecord, ordinals: Collection[int]) -> Iterator[tuple[int, Span]]:
    """As ``decode``, of the spans that stand at ``ordinals`` alone: the others are not made."""
    return _decoded(record, ordinals)


def _decoded(record: SegmentRecord, ordinals: Collection[int] | None) -> Iterator[tuple[int, Span]]:
    plain = decompress(record.body, record.header.encoding, UNLIMITED)
    if record.header.content_type is ContentType.JSON:
        for ordinal, span in otlp_json.spans(plain, UNLIMITED):
            if span is not None and (ordinals is None or ordinal in ordinals):
                yield ordinal, span
        return
    before = 0
    for group in otlp_protobuf.groups(plain, UNLIMITED, check=False):
        origin = origin_of(group.resource, group.scope)
        for ordinal, message in enumerate(group.spans, before):
            if (ordinals is None or ordinal in ordinals) and is_sound(message):
                yield ordinal, span_of(message, origin)
        before += len(group.spans)


def light_groups(record: SegmentRecord) -> Iterator[Group]:
    """All spans of a record in protobuf, unsound ones among them, for those who ask for little of
    each: messages for the functions of ``otlp_light``. Raises like ``decode``."""
    plain = decompress(record.body, record.header.encoding, UNLIMITED)
    return otlp_protobuf.groups(plain, UNLIMITED, check=False, schema=LIGHT)


def unpacked(record: SegmentRecord) -> SegmentRecord:
    """The same record with its plain body. Raises like ``decode``."""
    header = record.header
    if header.encoding is Encoding.IDENTITY:
        return record
    plain = decompress(record.body, header.encoding, UNLIMITED)
    return SegmentRecord(replace(header, encoding=Encoding.IDENTITY), plain)


def is_small(record: SegmentRecord) -> bool:
    """Whether the body is parsed at once."""
    return plain_size(record.body, record.header.encoding) <= PIECE_BYTES


def decode_one(record: SegmentRecord, ordinal: int) -> Span:
    """The span that stands at ``ordinal``. Raises ``NotFoundError`` if none does."""
    if record.header.content_type is ContentType.JSON:
        found = (span for number, span in decode(record) if number == ordinal)
        span = next(found, None)
    else:
        plain = decompress(record.body, record.header.encoding, UNLIMITED)
        span = _nth(otlp_protobuf.groups(plain, UNLIMITED, check=False), ordinal)
    if span is None:
        raise NotFoundError("no span stands at this address")
    return span


def _nth(groups: Iterator[Group], ordinal: int) -> Span | None:
    for group in groups:
        if ordinal < len(group.spans):
            span = group.spans[ordinal]
            return span_of(span, origin_of(group.resource, group.scope)) if is_sound(span) else None
        ordinal -= len(group.spans)
    return None
