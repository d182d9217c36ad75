"""A span whose type nothing tells is a chain if it is the root of its trace, else a tool."""

import orjson
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from raw_segments import name, record, segment

from hh_core.domain.mapping import Mapping
from hh_core.domain.segments import ContentType
from hh_core.hooks import load_mappers
from hh_core.ports.analytics import Relation
from hh_core.usecases.index import Indexer
from hh_core.wire.segment import read_segment

FEW, MANY = 2, 11
"""So few spans are mapped one by one here, so many column by column."""
DOUBLED = [KeyValue(key="note", value=AnyValue(string_value="x"))] * 2
"""A key that stands there twice has no column."""


def request(families: int, **attributes: str) -> ExportTraceServiceRequest:
    """Parents, and in another scope a child of each."""
    found = ExportTraceServiceRequest()
    resource = found.resource_spans.add()
    children, parents = resource.scope_spans.add().spans, resource.scope_spans.add().spans
    for number in range(1, families + 1):
        trace, span = number.to_bytes(16, "big"), number.to_bytes(8, "big")
        parent = parents.add(name="outer", trace_id=trace, span_id=span)
        told = {"cost": "1", **attributes}
        parent.attributes.extend(
            KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in told.items()
        )
        if families == FEW:
            parent.attributes.extend(DOUBLED)
        below = (1000 + number).to_bytes(8, "big")
        child = children.add(name="inner", trace_id=trace, span_id=below, parent_span_id=span)
        if families == FEW:
            child.attributes.extend(DOUBLED)
    return found


def types(body: bytes, content_type: ContentType) -> dict[str, set[str]]:
    called = name(1)
    data, _ = segment(called, [record(body, content_type=content_type)])
    indexer = Indexer(Mapping(load_mappers()), name_key=b"n" * 32, dp_id="dp")
    rows = indexer.segment(called, read_segment(data, called)).rows[Relation.EVENTS]
    found: dict[str, set[str]] = {}
    for event, kind in zip(rows.column("event_name"), rows.column("event_type"), strict=True):
        found.setdefault(event, set()).add(kind)
    return found


@pytest.mark.parametrize("families", [FEW, MANY])
def test_a_root_is_a_chain_and_any_other_a_tool(families: int) -> None:
    body = request(families).SerializeToString()

    assert types(body, ContentType.PROTOBUF) == {"outer": {"chain"}, "inner": {"tool"}}


def test_json_says_the_same() -> None:
    document = MessageToDict(request(FEW))
    for scope in document["resourceSpans"][0]["scopeSpans"]:
        for span in scope["spans"]:
            number = int(span["name"] == "inner")
            span |= {"traceId": "ab" * 16, "spanId": f"{number + 1:016x}"}
            span |= {"parentSpanId": f"{1:016x}"} if number else {}

    body = orjson.dumps(document)

    assert types(body, ContentType.JSON) == {"outer": {"chain"}, "inner": {"tool"}}


@pytest.mark.parametrize("families", [FEW, MANY])
@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("honeyhive_event_type", "model", "model"),
        ("gen_ai.operation.name", "execute_tool", "tool"),
        ("openinference.span.kind", "LLM", "model"),
    ],
)
def test_a_type_that_a_convention_tells_stays(
    families: int, key: str, value: str, kind: str
) -> None:
    """A tool that runs an agent is a tool."""
    body = request(families, **{key: value}).SerializeToString()

    assert types(body, ContentType.PROTOBUF)["outer"] == {kind}


@pytest.mark.parametrize("families", [FEW, MANY])
def test_the_default_of_an_sdk_gives_way_to_what_another_convention_tells(families: int) -> None:
    """The ``honeyhive`` SDK writes ``tool`` where it knows nothing."""
    told = {"honeyhive_event_type": "tool"}
    alone = request(families, **told).SerializeToString()
    both = request(families, **told, **{"openinference.span.kind": "LLM"}).SerializeToString()

    assert types(alone, ContentType.PROTOBUF)["outer"] == {"tool"}
    assert types(both, ContentType.PROTOBUF)["outer"] == {"model"}


@pytest.mark.parametrize("families", [FEW, MANY])
def test_who_comes_in_the_same_request_changes_nothing(families: int) -> None:
    together = request(families)
    for scope in together.resource_spans[0].scope_spans:
        apart = ExportTraceServiceRequest()
        apart.resource_spans.add().scope_spans.append(scope)
        for name_, kinds in types(apart.SerializeToString(), ContentType.PROTOBUF).items():
            assert types(together.SerializeToString(), ContentType.PROTOBUF)[name_] == kinds
