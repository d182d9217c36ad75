"""Laws of log records: both encodings say the same, no bytes break them, and a copy is no news."""

import base64
import contextlib
import json
import uuid
from typing import Any

from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from hh_core.domain import log_record
from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.errors import RejectedError
from hh_core.wire import otlp_logs, otlp_metrics
from hh_core.wire.otlp import Limits

LIMITS = Limits()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = texts | st.sampled_from(["event.name", "body", "role", "body.role"])
leaves = st.one_of(
    st.builds(AnyValue, string_value=texts),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(1 << 63), (1 << 63) - 1)),
    st.builds(AnyValue, double_value=st.floats()),
    st.builds(AnyValue, bytes_value=st.binary(max_size=8)),
    st.just(AnyValue()),
)


def _nested(children: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    pairs = st.builds(KeyValue, key=keys, value=children)
    arrays = st.lists(children, max_size=3).map(lambda items: ArrayValue(values=items))
    objects = st.lists(pairs, max_size=3).map(lambda items: KeyValueList(values=items))
    return st.one_of(
        st.builds(AnyValue, array_value=arrays), st.builds(AnyValue, kvlist_value=objects)
    )


values = st.recursive(leaves, _nested, max_leaves=4)
attributes = st.lists(st.builds(KeyValue, key=keys, value=values), max_size=3)
times = st.integers(0, (1 << 64) - 1) | st.just(0)


def ids(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size) | st.binary(max_size=size + 1)


logs = st.builds(
    LogRecord,
    trace_id=ids(16),
    span_id=ids(8),
    time_unix_nano=times,
    observed_time_unix_nano=times,
    severity_number=st.integers(0, 24),
    severity_text=texts,
    event_name=texts,
    body=values,
    attributes=attributes,
)
scopes = st.builds(
    ScopeLogs,
    scope=st.builds(InstrumentationScope, name=texts, version=texts, attributes=attributes),
    log_records=st.lists(logs, max_size=3),
)
requests = st.builds(
    ExportLogsServiceRequest,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            resource=st.builds(Resource, attributes=attributes),
            scope_logs=st.lists(scopes, max_size=2),
        ),
        max_size=2,
    ),
)
styles = st.fixed_dictionaries(
    {"upper": st.booleans(), "names": st.booleans(), "numbers": st.booleans()}
)


def as_record(body: bytes, content_type: ContentType) -> SegmentRecord:
    nobody = uuid.UUID(int=0)
    header = RecordHeader(RecordKind.LOGS, content_type, Encoding.IDENTITY, nobody, nobody, 0, 0, 0)
    return SegmentRecord(header, body)


def as_otlp_json(request: ExportLogsServiceRequest, style: dict[str, bool]) -> bytes:
    document = MessageToDict(request, use_integers_for_enums=not style["names"])
    return json.dumps(_restyled(document, style)).encode()


def _restyled(node: Any, style: dict[str, bool]) -> Any:
    if isinstance(node, list):
        return [_restyled(item, style) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: _restyled(value, style) for key, value in node.items()}
    for key in ("traceId", "spanId"):
        if key in out:
            digits = base64.b64decode(out[key]).hex()
            out[key] = digits.upper() if style["upper"] else digits
    for key in ("timeUnixNano", "observedTimeUnixNano", "intValue"):
        if key in out and style["numbers"]:
            out[key] = int(out[key])
    return out


@given(requests, styles)
def test_both_encodings_hold_the_same_records(
    request: ExportLogsServiceRequest, style: dict[str, bool]
) -> None:
    binary, text = request.SerializeToString(), as_otlp_json(request, style)
    checked = otlp_logs.check(binary, ContentType.PROTOBUF, Encoding.IDENTITY, LIMITS)
    also = otlp_logs.check(text, ContentType.JSON, Encoding.IDENTITY, LIMITS)

    from_binary = list(otlp_logs.decode(as_record(binary, ContentType.PROTOBUF)))
    from_text = list(otlp_logs.decode(as_record(text, ContentType.JSON)))

    assert (checked.items, checked.rejected, checked.problem) == (also.items, 0, also.problem)
    assert repr(from_binary) == repr(from_text)
    assert len(from_binary) == checked.items
    ids_of = [otlp_logs.log_id(record) for _, record in from_binary]
    assert ids_of == [otlp_logs.log_id(record) for _, record in from_text]


@given(requests)
def test_a_record_is_found_alone_where_it_stands(request: ExportLogsServiceRequest) -> None:
    for kind, body in (
        (ContentType.PROTOBUF, request.SerializeToString()),
        (ContentType.JSON, as_otlp_json(request, dict.fromkeys(("upper", "names", "numbers")))),  # type: ignore[arg-type]  # None is as false as False
    ):
        record = as_record(body, kind)
        for ordinal, found in otlp_logs.decode(record):
            assert repr(list(otlp_logs.decode(record, {ordinal}))) == repr([(ordinal, found)])


@given(st.binary(max_size=200), st.sampled_from(list(ContentType)))
def test_no_bytes_break_the_door(body: bytes, content_type: ContentType) -> None:
    for check in (otlp_logs.check, otlp_metrics.check):
        with contextlib.suppress(RejectedError):
            assert check(body, content_type, Encoding.IDENTITY, LIMITS).rejected == 0


@given(logs)
def test_nothing_that_a_record_says_is_lost_in_its_event(message: LogRecord) -> None:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.append(message)
    body = request.SerializeToString()
    ((_, record),) = otlp_logs.decode(as_record(body, ContentType.PROTOBUF))

    event = log_record.span_event(record)

    assert all(repr(event.attributes[key]) == repr(record.attributes[key])
               for key in record.attributes)  # fmt: skip
    members = record.body if isinstance(record.body, dict) else {}
    told = {repr(value) for value in event.attributes.values()}
    assert all(repr(value) in told for value in members.values())
    if record.body is not None and not isinstance(record.body, dict):
        assert repr(record.body) in told
