"""A trace that begins with a model call belongs to the session of that call, if to none else."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from raw_segments import PROJECT, name, record, segment

from hh_core.domain.identity import NIL, call_key, call_session
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.segments import ContentType
from hh_core.hooks import load_mappers
from hh_core.ports.analytics import Relation
from hh_core.usecases.index import Indexer
from hh_core.wire.segment import read_segment

KEY, RESPONSE = b"n" * 32, "msg_12be2cf2f0395a4cb"
ALONE, TOGETHER = 1, 4
"""So few spans are mapped one by one here, so many column by column."""
DOUBLED = [KeyValue(key="note", value=AnyValue(string_value="x"))] * 2
"""A key that stands there twice has no column."""


def sessions(count: int, said: Mapping[str, str], parent: bytes = b"") -> list[bytes]:
    """The claims that the index keeps of ``count`` spans, each of a trace and a call of its own."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(count):
        span = spans.add(name="chat", trace_id=_id(16, number), span_id=_id(8, number))
        span.parent_span_id = parent
        told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **said}
        if "response" in told:
            told["gen_ai.response.id"] = f"{told.pop('response')}{number}"
        span.attributes.extend(
            KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in told.items()
        )
    body = record(request.SerializeToString(), content_type=ContentType.PROTOBUF)
    called = name(1)
    indexer = Indexer(SpanMapping(load_mappers()), name_key=KEY, dp_id="dp")
    batch = indexer.segment(called, read_segment(segment(called, [body])[0], called))
    return batch.rows[Relation.EVENTS].column("session_key")


def _id(size: int, number: int) -> bytes:
    return (number + 1).to_bytes(size, "big")


def call(response: str) -> bytes:
    return call_session(PROJECT.bytes, call_key(KEY, PROJECT, response).bytes)


@pytest.mark.parametrize("count", [ALONE, TOGETHER])
def test_a_lone_call_has_the_session_of_its_response(count: int) -> None:
    found = sessions(count, {"response": RESPONSE})

    assert found == [call(f"{RESPONSE}{number}") for number in range(count)]


@pytest.mark.parametrize("count", [ALONE, TOGETHER])
def test_a_session_that_is_claimed_goes_before(count: int) -> None:
    claim = UUID(int=5)

    found = sessions(count, {"response": RESPONSE, "session.id": str(claim)})

    assert found == [claim.bytes] * count


@pytest.mark.parametrize("count", [ALONE, TOGETHER])
@pytest.mark.parametrize(
    "said",
    [
        {"response": "chatcmpl-"},
        {},
        {"response": RESPONSE, "gen_ai.operation.name": "execute_tool"},
    ],
    ids=["an id that is too short", "no id", "a tool"],
)
def test_other_spans_claim_no_session(count: int, said: dict[str, str]) -> None:
    assert sessions(count, said) == [NIL.bytes] * count


@pytest.mark.parametrize("count", [ALONE, TOGETHER])
def test_a_call_below_another_span_claims_no_session(count: int) -> None:
    assert sessions(count, {"response": RESPONSE}, parent=b"p" * 8) == [NIL.bytes] * count
