"""What the OTLP door lets in, and what it answers otherwise (PROMISES 3.5 to 3.9)."""

import gzip
import json
import subprocess
import sys
import zlib
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.errors import RejectedError
from hh_core.wire import otlp
from hh_core.wire.otlp_protobuf import require_upb

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LIMITS = otlp.Limits()

PROJECT = UUID(int=1)


def request_of(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def span_of(**fields: object) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": SPAN, **fields}


def check_json(body: bytes) -> otlp.Checked:
    return otlp.check(body, ContentType.JSON, Encoding.IDENTITY, LIMITS)


def check_protobuf(
    body: bytes, encoding: Encoding = Encoding.IDENTITY, limits: otlp.Limits = LIMITS
) -> otlp.Checked:
    return otlp.check(body, ContentType.PROTOBUF, encoding, limits)


def refusal(body: bytes, encoding: Encoding = Encoding.IDENTITY) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        check_protobuf(body, encoding)
    return caught.value


def one_span(**attributes: str) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = bytes.fromhex(TRACE), bytes.fromhex(SPAN)
    for key, text in attributes.items():
        span.attributes.add(key=key).value.string_value = text
    return request


def nested(levels: int, kind: str) -> AnyValue:
    value = AnyValue(int_value=1)
    for _ in range(levels - 1):
        outer = AnyValue()
        if kind == "array":
            outer.array_value.values.add().CopyFrom(value)
        else:
            outer.kvlist_value.values.add(key="k").value.CopyFrom(value)
        value = outer
    return value


def test_the_parser_is_upb() -> None:
    require_upb()


def test_an_empty_request_is_fine() -> None:
    assert check_protobuf(b"") == otlp.Checked(0, 0, 0)
    assert check_json(b"{}").items == 0


@pytest.mark.parametrize("kind", ["array", "kvlist"])
@pytest.mark.parametrize("place", ["span", "event", "resource", "scope"])
@pytest.mark.parametrize(("levels", "accepted"), [(1, True), (20, True), (32, True), (33, False)])
def test_values_may_nest_32_levels_in_protobuf(
    kind: str, place: str, levels: int, accepted: bool
) -> None:
    request = one_span()
    outer = request.resource_spans[0]
    span = outer.scope_spans[0].spans[0]
    if place == "event":
        span.events.add()
    holder = {
        "span": span,
        "event": span.events[0] if span.events else None,
        "resource": outer.resource,
        "scope": outer.scope_spans[0].scope,
    }[place]
    assert holder is not None
    holder.attributes.add(key="deep").value.CopyFrom(nested(levels, kind))
    body = request.SerializeToString()

    if accepted:
        assert check_protobuf(body).items == 1
    else:
        assert refusal(body).code == 400


@pytest.mark.parametrize(("levels", "accepted"), [(32, True), (33, False), (1_000, False)])
def test_values_may_nest_32_levels_in_json(levels: int, accepted: bool) -> None:
    value = '{"arrayValue":{"values":[' * (levels - 1) + '{"intValue":1}' + "]}}" * (levels - 1)
    pair = json.dumps({"key": "deep", "value": 0}).replace("0", value)
    body = request_of(span_of(attributes=[])).replace(b"[]", f"[{pair}]".encode())

    if accepted:
        assert check_json(body).items == 1
    else:
        with pytest.raises(RejectedError):
            check_json(body)


def test_a_span_with_unusable_ids_is_refused_alone() -> None:
    spans = [
        span_of(),
        span_of(traceId="00" * 16),
        span_of(spanId="00" * 8),
        span_of(traceId=TRACE[:-2]),
        span_of(spanId=""),
        span_of(traceId="CvdlGRbNQ92ESOshHIAxnA=="),
        span_of(parentSpanId="abcd"),
    ]

    checked = check_json(request_of(*spans))

    assert (checked.items, checked.rejected) == (7, 6)
    assert "trace_id must be 16 bytes" in checked.problem


@pytest.mark.parametrize("parent", [None, "", "0000000000000000"])
def test_a_root_may_spell_its_missing_parent_in_three_ways(parent: str | None) -> None:
    assert check_json(request_of(span_of(parentSpanId=parent))).rejected == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": 3, "status": {"code": 2}},
        {"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR"}},
        {"startTimeUnixNano": "1795132800000000000", "endTimeUnixNano": 1795132800000000000},
        {"traceId": TRACE.upper(), "unknownField": {"a": [1]}, "trace_id": "ignored"},
        {"attributes": None, "events": None, "links": None, "status": None, "name": None},
        {"attributes": [{"key": "a"}, {"value": {"stringValue": "no key"}}]},
        {"attributes": [{"key": "a", "value": {"doubleValue": "NaN", "intValue": "7"}}]},
    ],
)
def test_json_is_read_as_clients_write_it(fields: dict[str, Any]) -> None:
    assert check_json(request_of(span_of(**fields))) == otlp.Checked(
        1, 0, len(request_of(span_of(**fields)))
    )


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"kind": "CLIENT"}, "kind"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano"),
        ({"startTimeUnixNano": "1e9"}, "startTimeUnixNano"),
        ({"endTimeUnixNano": 1 << 64}, "endTimeUnixNano"),
        ({"traceId": 7}, "traceId"),
        ({"name": 7}, "name"),
        ({"attributes": {"a": 1}}, "attributes"),
        ({"attributes": [{"key": "a", "value": {"intValue": "x"}}]}, "intValue"),
        ({"attributes": [{"key": "a", "value": {"intValue": 1 << 63}}]}, "intValue"),
        ({"attributes": [{"key": "a", "value": {"boolValue": 1}}]}, "boolValue"),
        ({"attributes": [{"key": "a", "value": {"bytesValue": "%"}}]}, "bytesValue"),
        ({"status": {"code": True}}, "status.code"),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(RejectedError, match=rf"span 0: {named}") as caught:
        check_json(request_of(span_of(**fields)))

    assert caught.value.code == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"resourceSpans":1e400}', b'{"a":"\\ud800"}', b'{"a":NaN}', b"\xff\xfe"],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(RejectedError) as caught:
        check_json(body)

    assert caught.value.code == 400


def test_of_equal_keys_the_last_wins() -> None:
    body = b'{"resourceSpans":7,"resourceSpans":[]}'

    assert check_json(body).items == 0


@pytest.mark.parametrize("body", [b"\x0a", b"\xff\xff", b"not protobuf", b"\x0a\x7f\x00"])
def test_what_is_no_protobuf_is_refused(body: bytes) -> None:
    assert refusal(body).code == 400


def test_text_that_is_no_utf8_is_refused() -> None:
    body = one_span(a="XYZ").SerializeToString().replace(b"XYZ", b"\xff\xfe\xfd")

    assert refusal(body).code == 400


def test_a_gzip_body_counts_by_what_it_holds() -> None:
    plain = one_span(a="text").SerializeToString()

    assert check_protobuf(gzip.compress(plain), Encoding.GZIP) == otlp.Checked(1, 0, len(plain))


@pytest.mark.parametrize("level", [0, 9])
def test_only_one_whole_gzip_member_is_a_gzip_body(level: int) -> None:
    member = gzip.compress(one_span(a="text" * 50).SerializeToString(), level)
    flipped = bytearray(member)
    flipped[-6] ^= 1
    wrong = {
        "trailing garbage": member + b"x",
        "two members": member + member,
        "cut short": member[:-3],
        "bad checksum": bytes(flipped),
        "zlib header": zlib.compress(b"x"),
        "nothing": b"",
        "not compressed": b"plain",
    }

    assert {
        name: refusal(body, Encoding.GZIP).code for name, body in wrong.items()
    } == dict.fromkeys(wrong, 400)


def test_a_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(bytes(80 << 20))

    assert refusal(bomb, Encoding.GZIP).code == 413
    assert refusal(gzip.compress(bytes(3 << 20)), Encoding.GZIP).code == 413  # ratio over 200
    assert refusal(bytes((64 << 20) + 1)).code == 413


def test_a_megabyte_may_be_as_dense_as_it_likes() -> None:
    request = one_span(a="a" * ((1 << 20) - 200))
    body = gzip.compress(request.SerializeToString())

    assert check_protobuf(body, Encoding.GZIP).items == 1


def test_spans_are_counted_before_they_are_built() -> None:
    few = otlp.Limits(max_spans=3)
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for _ in range(3):
        scope.spans.add()
    assert check_protobuf(request.SerializeToString(), limits=few).rejected == 3

    scope.spans.add()
    with pytest.raises(RejectedError, match="more than 3 spans") as caught:
        check_protobuf(request.SerializeToString(), limits=few)
    assert caught.value.code == 413


RSS_PROBE = """
import resource, sys, time
from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.errors import RejectedError
from hh_core.wire import otlp

def prefixed(tag, data):
    size, out = len(data), bytearray((tag,))
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes(out) + bytes((size,)) + data

size = (64 << 20) - 64
bombs = {
    "spans": prefixed(10, prefixed(18, b"\\x12\\x00" * (size // 2))),
    "attributes": prefixed(10, prefixed(18, prefixed(18, b"\\x4a\\x00" * (size // 2)))),
    "array": prefixed(10, prefixed(18, prefixed(18, prefixed(74, prefixed(18, prefixed(42,
        b"\\x0a\\x00" * (size // 2))))))),
    "resources": b"\\x0a\\x00" * (size // 2),
    "json": b'{"resourceSpans":[' + b"{}," * (size // 3) + b"{}]}",
}
body = bombs[sys.argv[1]]
bombs.clear()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
kind = ContentType.JSON if sys.argv[1] == "json" else ContentType.PROTOBUF
try:
    otlp.check(body, kind, Encoding.IDENTITY, otlp.Limits())
except RejectedError as error:
    code = error.code
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(code, after - before, time.process_time() - start)
"""


@pytest.mark.parametrize("bomb", ["spans", "attributes", "array", "resources", "json"])
def test_64_mib_of_tiny_parts_cost_little_memory_and_time(bomb: str) -> None:
    probe = [sys.executable, "-c", RSS_PROBE, bomb]
    answer = subprocess.run(probe, capture_output=True, text=True, check=True).stdout.split()

    assert answer[0] == "413"
    assert int(answer[1]) < 3 * (64 << 10), "KiB above the baseline"
    assert float(answer[2]) < 2.0, "CPU seconds"


def test_of_equal_keys_the_last_counts_and_each_value_is_what_it_was() -> None:
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    )
    for key, value in (("a", "old"), ("b", ""), ("a", "new")):
        span.attributes.add(key=key).value.string_value = value
    span.attributes.add(key="c").value.int_value = 0
    span.attributes.add(key="d")
    header = RecordHeader(
        RecordKind.TRACES, ContentType.PROTOBUF, Encoding.IDENTITY, PROJECT, PROJECT, 1, 1, 1
    )

    ((_, decoded),) = otlp.decode(SegmentRecord(header, request.SerializeToString()))
    attributes = decoded.attributes

    assert list(attributes.items()) == [("a", "new"), ("b", ""), ("c", 0), ("d", None)]
    assert attributes == dict(attributes)
    assert (attributes.get("a"), attributes.get("z"), attributes.get("z", 1)) == ("new", None, 1)
    assert ("d" in attributes, "z" in attributes, len(attributes)) == (True, False, 4)
    with pytest.raises(KeyError):
        attributes["z"]


@pytest.mark.parametrize("content_type", [ContentType.PROTOBUF, ContentType.JSON])
def test_some_spans_are_those_that_stand_there_among_all(content_type: ContentType) -> None:
    record = _record(content_type, spans=6)

    some = list(otlp.decode_some(record, {1, 4, 9}))

    assert [ordinal for ordinal, _ in some] == [1, 4]
    assert some == [(at, span) for at, span in otlp.decode(record) if at in (1, 4)]


def test_of_some_spans_the_others_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(message: Any, origin: Any) -> Any:
        made.append(message.name)
        return message

    monkeypatch.setattr(otlp, "span_of", counted)
    list(otlp.decode_some(_record(ContentType.PROTOBUF, spans=6), {1, 4}))

    assert made == ["step 1", "step 4"]


def _record(content_type: ContentType, spans: int) -> SegmentRecord:
    """In protobuf its spans stand in two scopes."""
    request, fields = ExportTraceServiceRequest(), []
    scopes = [request.resource_spans.add().scope_spans.add() for _ in range(2)]
    for number in range(spans):
        name, span_id = f"step {number}", f"{number + 1:016x}"
        scopes[number * 2 // spans].spans.add(
            trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(span_id), name=name
        )
        fields.append({"traceId": TRACE, "spanId": span_id, "name": name})
    is_json = content_type is ContentType.JSON
    body = request_of(*fields) if is_json else request.SerializeToString()
    header = RecordHeader(
        RecordKind.TRACES, content_type, Encoding.IDENTITY, PROJECT, PROJECT, 1, 1, 1
    )
    return SegmentRecord(header, body)
