"""Which spans hold a text: found on the wire as whoever parses them finds it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hh_core.wire.otlp_holding import spans_holding

texts = st.lists(st.sampled_from(["one two", "three", "two three"]), max_size=3).map(" ".join)
scopes = st.lists(st.lists(texts, max_size=4), max_size=3)


def _request(groups: list[list[list[str]]]) -> Any:
    request = ExportTraceServiceRequest()
    number = 0
    for group in groups:
        resource = request.resource_spans.add()
        for spans in group:
            scope = resource.scope_spans.add()
            for text in spans:
                number += 1
                span = scope.spans.add(trace_id=number.to_bytes(16), name="step")
                span.attributes.add(key="said").value.string_value = text
    return request


@given(
    st.lists(scopes, max_size=3),
    st.lists(st.sampled_from(["two three", "one", "step"]), min_size=1),
)
def test_the_wire_tells_the_spans_that_hold_all_texts(
    groups: list[list[list[str]]], wanted: list[str]
) -> None:
    said = [text for group in groups for spans in group for text in spans]
    expected = {
        number: (number + 1).to_bytes(16)
        for number, text in enumerate(said)
        if all(one in text or one == "step" for one in wanted)
    }

    plain = _request(groups).SerializeToString()

    assert spans_holding(plain, [one.encode() for one in wanted]) == expected


def test_what_all_spans_share_leaves_none_out() -> None:
    request = _request([[["one two"], ["three"]]])
    request.resource_spans[0].resource.attributes.add(key="k").value.string_value = "two words"
    request.resource_spans[0].scope_spans[1].scope.name = "a scope"
    plain = request.SerializeToString()

    assert spans_holding(plain, [b"two words"]) is None
    assert spans_holding(plain, [b"a scope"]) is None
    assert spans_holding(plain, [b"three"]) == {1: (2).to_bytes(16)}


@given(st.binary(max_size=60))
def test_whatever_does_not_check_leaves_nothing_out_or_has_no_span(data: bytes) -> None:
    found = spans_holding(data, [b"some words"])

    assert found is None or found == {}
