"""OTLP logs in JSON: the rules of ``otlp_json``, and the same records as from protobuf."""

from collections.abc import Iterator
from typing import Any

from hh_core.domain.log_record import LogRecord
from hh_core.errors import RejectedError
from hh_core.wire.json_text import parse
from hh_core.wire.otlp_body import Limits
from hh_core.wire.otlp_json_values import (
    BadIdError,
    BadValueError,
    any_value,
    enum,
    hex_id,
    list_of,
    object_of,
    text,
    uint32,
    uint64,
)
from hh_core.wire.otlp_json_values import attributes as attributes_of
from hh_core.wire.otlp_protobuf import LOGS, too_many
from hh_core.wire.otlp_spans import owner_of

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_STEPS = ("", "2", "3", "4")
SEVERITIES = {"SEVERITY_NUMBER_UNSPECIFIED": 0} | {
    f"SEVERITY_NUMBER_{level}{step}": 4 * number + place + 1
    for number, level in enumerate(_LEVELS)
    for place, step in enumerate(_STEPS)
}


def records(body: bytes, limits: Limits) -> Iterator[tuple[LogRecord, bool]]:
    """All log records in document order, each with whether its ids are right or missing.

    Raises ``RejectedError``: 400 malformed (the message names the field), 413 over a limit.
    """
    try:
        document = object_of(parse(body, 3 * limits.max_bytes), "the body")
        for ordinal, item in enumerate(_items(document, limits)):
            if ordinal >= limits.max_spans:
                raise too_many(limits, LOGS.names.said)
            yield _record(item, limits.max_nesting, ordinal)
    except BadValueError as error:
        raise RejectedError(str(error)) from error


def _items(document: dict[str, Any], limits: Limits) -> Iterator[object]:
    for resource_logs in list_of(document.get("resourceLogs"), "resourceLogs"):
        outer = object_of(resource_logs, "resourceLogs")
        _check_owner(outer.get("resource"), "resource", limits)
        text(outer.get("schemaUrl"), "schemaUrl")
        for scope_logs in list_of(outer.get("scopeLogs"), "scopeLogs"):
            inner = object_of(scope_logs, "scopeLogs")
            scope = _check_owner(inner.get("scope"), "scope", limits)
            text(scope.get("name"), "scope.name")
            text(scope.get("version"), "scope.version")
            text(inner.get("schemaUrl"), "schemaUrl")
            yield from list_of(inner.get("logRecords"), "logRecords")


def _check_owner(value: object, field: str, limits: Limits) -> dict[str, Any]:
    owner = object_of(value, field)
    uint32(owner.get("droppedAttributesCount"), "droppedAttributesCount")
    attributes_of(owner.get("attributes"), limits.max_nesting)
    return owner


def _record(item: object, nesting: int, ordinal: int) -> tuple[LogRecord, bool]:
    try:
        return _converted(object_of(item, "logRecords"), nesting)
    except BadValueError as error:
        raise BadValueError(f"log record {ordinal}: {error}") from error


def _converted(item: dict[str, Any], nesting: int) -> tuple[LogRecord, bool]:
    trace_id, is_trace = _id(item.get("traceId"), 16)
    span_id, is_span = _id(item.get("spanId"), 8)
    owner = owner_of(trace_id, span_id)
    for name in ("droppedAttributesCount", "flags"):
        uint32(item.get(name), name)
    record = LogRecord(
        *owner,
        uint64(item.get("timeUnixNano"), "timeUnixNano"),
        uint64(item.get("observedTimeUnixNano"), "observedTimeUnixNano"),
        enum(item.get("severityNumber"), SEVERITIES, "severityNumber"),
        text(item.get("severityText"), "severityText"),
        text(item.get("eventName"), "eventName"),
        any_value(object_of(item.get("body"), "body"), nesting),
        attributes_of(item.get("attributes"), nesting),
    )
    return record, is_trace and is_span


def _id(value: object, size: int) -> tuple[bytes, bool]:
    try:
        found = hex_id(value, "id")
    except BadIdError:
        return b"", False
    return found, len(found) in (0, size)
