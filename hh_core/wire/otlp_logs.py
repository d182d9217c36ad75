"""OTLP logs: checked before they are acknowledged, decoded when they are dispatched or read.

As ``otlp`` for traces, with the same limits. Ordinals number all log records of a request. Ids are
optional here: a record whose ids are missing or wrong is not refused, it belongs to no span
(https://github.com/open-telemetry/opentelemetry-proto, ``LogRecord.trace_id``).
"""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

import orjson
from opentelemetry.proto.logs.v1 import logs_pb2

from hh_core.domain.identity import uuid8
from hh_core.domain.log_record import LogRecord
from hh_core.domain.segments import ContentType, Encoding, SegmentRecord
from hh_core.wire import otlp_json_logs, otlp_protobuf
from hh_core.wire.otlp_body import UNLIMITED, Checked, Limits, decompress
from hh_core.wire.otlp_spans import attributes_in, owner_of, quick

PROBLEM = "kept, but of no span: trace_id must be 16 bytes and span_id 8 bytes, or both missing"


def check(body: bytes, content_type: ContentType, encoding: Encoding, limits: Limits) -> Checked:
    """Raises ``RejectedError``: 400 malformed, 413 over a limit. No record is rejected alone; ids
    of a wrong length are a ``problem``."""
    plain = decompress(body, encoding, limits)
    count, is_wrong = 0, False
    if content_type is ContentType.JSON:
        for _, ids_are_right in otlp_json_logs.records(plain, limits):
            count += 1
            is_wrong = is_wrong or not ids_are_right
    else:
        for group in otlp_protobuf.groups(plain, limits, check=True, schema=otlp_protobuf.LOGS):
            count += len(group.spans)
            is_wrong = is_wrong or not all(map(_are_right, group.spans))
    return Checked(count, 0, len(plain), PROBLEM if is_wrong else "")


def decode(
    record: SegmentRecord, ordinals: Collection[int] | None = None
) -> Iterator[tuple[int, LogRecord]]:
    """The log records of a record of kind ``LOGS``, or those at ``ordinals``, with their ordinals.

    Raises ``RejectedError`` for a body that ``check`` would not have let in.
    """
    plain = decompress(record.body, record.header.encoding, UNLIMITED)
    if record.header.content_type is ContentType.JSON:
        for ordinal, (found, _) in enumerate(otlp_json_logs.records(plain, UNLIMITED)):
            if ordinals is None or ordinal in ordinals:
                yield ordinal, found
        return
    before = 0
    for group in otlp_protobuf.groups(plain, UNLIMITED, check=False, schema=otlp_protobuf.LOGS):
        for ordinal, message in enumerate(group.spans, before):
            if ordinals is None or ordinal in ordinals:
                yield ordinal, _decoded(message)
        before += len(group.spans)


def log_id(record: LogRecord, copy: int = 0) -> UUID:
    """The same for all that say the same of one span, in whatever encoding they came; ``copy``
    tells those apart that do and are not one."""
    said = (
        record.time_ns,
        record.observed_ns,
        record.severity,
        record.severity_text,
        record.event_name,
        record.body,
        record.attributes,
    )
    text = orjson.dumps(said, _as_text, orjson.OPT_SORT_KEYS)
    return uuid8(b"log", record.trace_id, record.span_id, text, b"%d" % copy)


def _as_text(value: object) -> str:
    """Of what JSON has no form for: bytes."""
    return repr(value)


def _decoded(message: logs_pb2.LogRecord) -> LogRecord:
    return LogRecord(
        *owner_of(message.trace_id, message.span_id),
        message.time_unix_nano,
        message.observed_time_unix_nano,
        message.severity_number,
        message.severity_text,
        message.event_name,
        quick(message.body),
        attributes_in(message.attributes),
    )


def _are_right(message: Any) -> bool:
    return len(message.trace_id) in (0, 16) and len(message.span_id) in (0, 8)
