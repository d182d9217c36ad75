"""Laws of OTLP decoding: both encodings say the same, and no bytes break it."""

import base64
import json
import math
import uuid
from typing import Any

from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.errors import RejectedError
from hh_core.wire import otlp, otlp_protobuf, otlp_scan

LIMITS = otlp.Limits()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
leaves = st.one_of(
    st.builds(AnyValue, string_value=texts),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(1 << 63), (1 << 63) - 1)),
    st.builds(AnyValue, double_value=st.floats()),
    st.builds(AnyValue, bytes_value=st.binary(max_size=8)),
    st.just(AnyValue()),
)


def _nested(children: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    pairs = st.builds(KeyValue, key=texts, value=children)
    return st.one_of(
        st.lists(children, max_size=3).map(
            lambda items: AnyValue(array_value=ArrayValue(values=items))
        ),
        st.lists(pairs, max_size=3).map(
            lambda items: AnyValue(kvlist_value=KeyValueList(values=items))
        ),
    )


values = st.recursive(leaves, _nested, max_leaves=4)
attributes = st.lists(st.builds(KeyValue, key=texts, value=values), max_size=3)
times = st.integers(0, (1 << 64) - 1)


def ids(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size) | st.binary(max_size=size + 1) | st.just(b"")


spans = st.builds(
    Span,
    trace_id=ids(16),
    span_id=ids(8),
    parent_span_id=ids(8),
    name=texts,
    kind=st.integers(0, 7),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    attributes=attributes,
    events=st.lists(
        st.builds(Span.Event, name=texts, time_unix_nano=times, attributes=attributes), max_size=2
    ),
    links=st.lists(
        st.builds(Span.Link, trace_id=ids(16), span_id=ids(8), attributes=attributes), max_size=2
    ),
    status=st.builds(Status, code=st.integers(0, 3), message=texts),
)
scopes = st.builds(
    ScopeSpans,
    scope=st.builds(InstrumentationScope, name=texts, version=texts, attributes=attributes),
    spans=st.lists(spans, max_size=3),
)
requests = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=st.builds(Resource, attributes=attributes),
            scope_spans=st.lists(scopes, max_size=2),
        ),
        max_size=2,
    ),
)
json_styles = st.fixed_dictionaries(
    {"upper": st.booleans(), "names": st.booleans(), "numbers": st.booleans()}
)


def as_record(body: bytes, content_type: ContentType) -> SegmentRecord:
    nobody = uuid.UUID(int=0)
    header = RecordHeader(
        RecordKind.TRACES, content_type, Encoding.IDENTITY, nobody, nobody, 0, 0, 0
    )
    return SegmentRecord(header, body)


def as_otlp_json(request: ExportTraceServiceRequest, style: dict[str, bool]) -> bytes:
    """OTLP/JSON differs from protobuf's own JSON in its ids, which are hex."""
    document = MessageToDict(request, use_integers_for_enums=not style["names"])
    return json.dumps(_restyled(document, style)).encode()


def _restyled(node: Any, style: dict[str, bool]) -> Any:
    if isinstance(node, list):
        return [_restyled(item, style) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: _restyled(value, style) for key, value in node.items()}
    for key in ("traceId", "spanId", "parentSpanId"):
        if key in out:
            digits = base64.b64decode(out[key]).hex()
            out[key] = digits.upper() if style["upper"] else digits
    for key in ("startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "intValue"):
        if key in out and style["numbers"]:
            out[key] = int(out[key])
    return out


def comparable(value: Any) -> Any:
    """NaN is not equal to itself; repr tells NaN, 1, 1.0 and True apart."""
    return repr(value)


@settings(deadline=None)
@given(requests, json_styles)
def test_json_and_protobuf_of_the_same_spans_decode_equal(
    request: ExportTraceServiceRequest, style: dict[str, bool]
) -> None:
    binary, text = request.SerializeToString(), as_otlp_json(request, style)

    checked = otlp.check(binary, ContentType.PROTOBUF, Encoding.IDENTITY, LIMITS)
    also = otlp.check(text, ContentType.JSON, Encoding.IDENTITY, LIMITS)
    from_binary = list(otlp.decode(as_record(binary, ContentType.PROTOBUF)))
    from_text = list(otlp.decode(as_record(text, ContentType.JSON)))

    assert (checked.items, checked.rejected) == (also.items, also.rejected)
    assert comparable(from_binary) == comparable(from_text)
    assert len(from_binary) == checked.items - checked.rejected


@settings(deadline=None)
@given(requests)
def test_each_ordinal_leads_back_to_its_span(request: ExportTraceServiceRequest) -> None:
    record = as_record(request.SerializeToString(), ContentType.PROTOBUF)

    for ordinal, span in otlp.decode(record):
        assert comparable(otlp.decode_one(record, ordinal)) == comparable(span)


@settings(deadline=None)
@given(requests)
def test_a_large_body_is_read_in_pieces_and_says_the_same(
    request: ExportTraceServiceRequest,
) -> None:
    record = as_record(request.SerializeToString(), ContentType.PROTOBUF)
    whole = list(otlp.decode(record))
    usual = otlp_protobuf.PIECE_BYTES
    otlp_protobuf.PIECE_BYTES = otlp_scan.PIECE_BYTES = 40
    try:
        pieces = list(otlp.decode(record))
        checked = otlp.check(record.body, ContentType.PROTOBUF, Encoding.IDENTITY, LIMITS)
    finally:
        otlp_protobuf.PIECE_BYTES = otlp_scan.PIECE_BYTES = usual

    assert comparable(pieces) == comparable(whole)
    assert checked.items - checked.rejected == len(whole)


mutations = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.integers(0, 255), st.booleans()), max_size=6
)


def mutated(body: bytes, changes: list[tuple[int, int, bool]]) -> bytes:
    out = bytearray(body)
    for place, byte, insert in changes:
        at = place % (len(out) + 1)
        out[at : at if insert else at + 1] = bytes((byte,))
    return bytes(out)


@settings(deadline=None)
@given(requests, mutations, st.booleans(), st.booleans())
def test_whatever_the_bytes_are_they_are_refused_or_decodable(
    request: ExportTraceServiceRequest,
    changes: list[tuple[int, int, bool]],
    is_json: bool,
    in_pieces: bool,
) -> None:
    kind = ContentType.JSON if is_json else ContentType.PROTOBUF
    plain = as_otlp_json(request, {"upper": False, "names": False, "numbers": False})
    body = mutated(plain if is_json else request.SerializeToString(), changes)
    usual = otlp_protobuf.PIECE_BYTES
    otlp_protobuf.PIECE_BYTES = 40 if in_pieces else usual
    refusal = None
    try:
        checked = otlp.check(body, kind, Encoding.IDENTITY, LIMITS)
        decoded = list(otlp.decode(as_record(body, kind)))
    except RejectedError as error:
        refusal = error
    finally:
        otlp_protobuf.PIECE_BYTES = usual

    if refusal is None:
        assert len(decoded) == checked.items - checked.rejected
    else:
        assert refusal.code in (400, 413)


@given(st.floats(allow_nan=True))
def test_doubles_survive_json(number: float) -> None:
    given_text = {math.inf: "Infinity", -math.inf: "-Infinity"}.get(number)
    shown = "NaN" if math.isnan(number) else given_text or number
    pair = {"key": "k", "value": {"doubleValue": shown}}
    span = {"traceId": "01" * 16, "spanId": "02" * 8, "attributes": [pair]}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    record = as_record(json.dumps(body).encode(), ContentType.JSON)

    decoded = otlp.decode_one(record, 0).attributes["k"]

    assert isinstance(decoded, float)
    assert repr(decoded) == repr(number)
