"""The light schema of OTLP says what the full one says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hh_core.domain.mapping import error_class
from hh_core.wire import otlp_light, otlp_protobuf, otlp_spans
from hh_core.wire.otlp_body import UNLIMITED
from hh_core.wire.otlp_light import LIGHT

texts = st.one_of(st.text(max_size=5), st.text(min_size=100, max_size=200), st.just("é" * 100))
message = st.one_of(
    st.builds(lambda v: AnyValue(string_value=v), texts),
    st.builds(lambda v: AnyValue(int_value=v), st.integers(-(1 << 63), (1 << 63) - 1)),
    st.builds(lambda v: AnyValue(double_value=v), st.floats(allow_nan=False)),
    st.builds(lambda v: AnyValue(bool_value=v), st.booleans()),
    st.builds(lambda v: AnyValue(bytes_value=v), st.binary(max_size=4)),
    st.just(AnyValue()),
)
doubled = st.builds(
    lambda one, two: one.SerializeToString() + two.SerializeToString(), message, message
)
value = st.one_of(message.map(AnyValue.SerializeToString), doubled)
column = st.one_of(
    st.lists(texts.map(lambda v: AnyValue(string_value=v).SerializeToString()), max_size=6),
    st.lists(st.integers(-5, 5).map(lambda v: AnyValue(int_value=v).SerializeToString())),
    st.lists(value, max_size=6),
)


@given(column)
def test_a_column_of_values_is_what_each_of_them_is(column: list[bytes]) -> None:
    found = list(otlp_light.values_of(column))

    alone = [otlp_spans.quick(AnyValue.FromString(part)) for part in column]
    assert list(map(repr, found)) == list(map(repr, alone))


pairs = st.lists(
    st.builds(lambda k, v: KeyValue(key=k, value=v), st.text(max_size=9), message)
    | st.builds(lambda k: KeyValue(key=k), st.text(min_size=1, max_size=9)),
    max_size=4,
)
ids = st.sampled_from([b"", b"x" * 8, b"t" * 16, bytes(8), bytes(16)])
events = st.builds(
    lambda name, pairs: Span.Event(name=name, attributes=pairs),
    st.sampled_from(["exception", "log"]),
    st.one_of(
        pairs,
        st.just([KeyValue(key="exception.type", value=AnyValue(string_value="ValueError"))]),
    ),
)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    span = Span(
        trace_id=draw(st.just(b"t" * 16) | ids),
        span_id=draw(st.just(b"s" * 8) | ids),
        parent_span_id=draw(ids),
        name=draw(st.text(max_size=5)),
        start_time_unix_nano=draw(st.integers(0, (1 << 64) - 1)),
        end_time_unix_nano=draw(st.integers(0, (1 << 64) - 1)),
        attributes=draw(pairs),
        events=draw(st.lists(events, max_size=2)),
    )
    span.status.code = draw(st.sampled_from([0, 1, 2]))
    return span


@given(st.lists(spans(), max_size=3))
def test_a_light_span_says_what_a_full_one_says(spans: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    body = request.SerializeToString()

    groups = otlp_protobuf.groups(body, UNLIMITED, check=False, schema=LIGHT)
    light = [span for group in groups for span in group.spans]

    assert len(light) == len(spans)
    for one, span in zip(light, spans, strict=True):
        says_the_same(one, span)


def has_value(pair: KeyValue) -> bool:
    return pair.HasField("value")


def says_the_same(light: Any, span: Span) -> None:
    head = otlp_light.head_of(light)
    assert (head is not None) == otlp_spans.is_sound(span)
    found = otlp_light.attributes_of(light)
    halves = {bool(pair.key) for pair in span.attributes if not (pair.key and has_value(pair))}
    if head is None or found is None:
        assert head is None or halves
        return
    if len(halves) == 2:
        return  # one without a key and one without a value: see the module
    origin = otlp_spans.origin_of(
        ExportTraceServiceRequest().resource_spans.add().resource,
        ExportTraceServiceRequest().resource_spans.add().scope_spans.add().scope,
    )
    full = otlp_spans.span_of(span, origin)
    assert head[:2] == (full.trace_id, full.span_id)
    assert head[3:] == (full.name, full.start_ns, full.end_ns, full.status_code)
    assert head[2] in (full.parent_span_id, bytes(8))
    assert found[0] == tuple(pair.key for pair in span.attributes)
    values = [pair.value.SerializeToString() for pair in span.attributes]
    assert list(found[1]) == values
    failing = otlp_light.failing_span(light, origin)
    if failing is not None:
        assert error_class(failing) == error_class(full)
    if not otlp_light.may_have_failed(light, head):
        assert error_class(full) == ""


def test_an_attribute_without_a_key_or_a_value_is_not_taken_for_its_neighbour() -> None:
    span = Span(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.attributes.add(key="lonely")
    span.attributes.add(key="told").value.string_value = "x"
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.append(span)

    (group,) = otlp_protobuf.groups(
        request.SerializeToString(), UNLIMITED, check=False, schema=LIGHT
    )

    assert otlp_light.attributes_of(group.spans[0]) is None
