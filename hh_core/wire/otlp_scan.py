"""A scanner of the protobuf wire format: finds and counts messages without building any.

Only for what is too large to be handed to the parser at once; it costs about half a microsecond
per field.
"""

from collections.abc import Iterator
from typing import NamedTuple

from hh_core.errors import RejectedError

PIECE_BYTES = 1 << 20
"""What is handed to the parser at once: at worst 500,000 empty messages, about 40 MiB."""

_CHILDREN: dict[str, dict[int, str]] = {
    "ExportTraceServiceRequest": {0x0A: "ResourceSpans"},
    "ResourceSpans": {0x0A: "Resource", 0x12: "ScopeSpans"},
    "Resource": {0x0A: "KeyValue", 0x1A: "EntityRef"},
    "ScopeSpans": {0x0A: "InstrumentationScope", 0x12: "Span"},
    "InstrumentationScope": {0x1A: "KeyValue"},
    "Span": {0x4A: "KeyValue", 0x5A: "Event", 0x6A: "Link", 0x7A: "Status"},
    "Event": {0x1A: "KeyValue"},
    "Link": {0x22: "KeyValue"},
    "KeyValue": {0x12: "AnyValue"},
    "AnyValue": {0x2A: "ArrayValue", 0x32: "KeyValueList"},
    "ArrayValue": {0x0A: "AnyValue"},
    "KeyValueList": {0x0A: "KeyValue"},
    "EntityRef": {},
    "Status": {},
    "ExportLogsServiceRequest": {0x0A: "ResourceLogs"},
    "ResourceLogs": {0x0A: "Resource", 0x12: "ScopeLogs"},
    "ScopeLogs": {0x0A: "InstrumentationScope", 0x12: "LogRecord"},
    "LogRecord": {0x2A: "AnyValue", 0x32: "KeyValue"},
    "ExportMetricsServiceRequest": {0x0A: "ResourceMetrics"},
    "ResourceMetrics": {0x0A: "Resource", 0x12: "ScopeMetrics"},
    "ScopeMetrics": {0x0A: "InstrumentationScope", 0x12: "Metric"},
    "Metric": {
        **{0x2A: "Gauge", 0x3A: "Sum", 0x4A: "Histogram"},
        **{0x52: "ExponentialHistogram", 0x5A: "Summary", 0x62: "KeyValue"},
    },
    "Gauge": {0x0A: "NumberDataPoint"},
    "Sum": {0x0A: "NumberDataPoint"},
    "Histogram": {0x0A: "HistogramDataPoint"},
    "ExponentialHistogram": {0x0A: "ExponentialHistogramDataPoint"},
    "Summary": {0x0A: "SummaryDataPoint"},
    "NumberDataPoint": {0x3A: "KeyValue", 0x2A: "Exemplar"},
    "HistogramDataPoint": {0x4A: "KeyValue", 0x42: "Exemplar"},
    "ExponentialHistogramDataPoint": {
        **{0x0A: "KeyValue", 0x5A: "Exemplar"},
        **{0x42: "Buckets", 0x4A: "Buckets"},
    },
    "SummaryDataPoint": {0x3A: "KeyValue", 0x32: "ValueAtQuantile"},
    "Exemplar": {0x3A: "KeyValue"},
    "Buckets": {},
    "ValueAtQuantile": {},
}
"""Tags of the fields that hold messages, by type (opentelemetry-proto 1.x)."""


class Field(NamedTuple):
    tag: int
    at: int
    """Where the tag begins."""
    start: int
    """Where the value begins (length-delimited), or ends."""
    end: int


def fields(data: bytes, start: int, end: int, budget: list[int]) -> Iterator[Field]:
    """The fields in ``data[start:end]``; each takes one from ``budget``.

    Raises ``RejectedError``: 400 for what is no protobuf, 413 when the budget is spent.
    """
    at = start
    while at < end:
        budget[0] -= 1
        if budget[0] < 0:
            raise RejectedError(
                "the request has too many small parts; send smaller batches", code=413
            )
        tag, value = _varint(data, at, end)
        match tag & 7:
            case 2:
                length, value = _varint(data, value, end)
                stop = value + length
            case 0:
                _, stop = _varint(data, value, end)
                value = stop
            case 1:
                stop = value = value + 8
            case 5:
                stop = value = value + 4
            case _:
                raise _malformed()
        if stop > end:
            raise _malformed()
        yield Field(tag, at, value, stop)
        at = stop


def count_messages(kind: str, data: bytes, most: int) -> int:
    """How many messages stand in one of type ``kind``. Raises ``RejectedError`` (413) above
    ``most``: every field counts, so that the work is bounded too."""
    budget = [most]
    stack = [(kind, 0, len(data))]
    count = 0
    while stack:
        name, start, end = stack.pop()
        count += 1
        children = _CHILDREN[name]
        if not children:
            continue
        for field in fields(data, start, end, budget):
            child = children.get(field.tag)
            if child is not None:
                stack.append((child, field.start, field.end))
    return count


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    if at < end and data[at] < 128:
        return data[at], at + 1
    number = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    raise _malformed()


def _malformed() -> RejectedError:
    return RejectedError("the body is not well-formed protobuf; check the exporter")
