"""Whom a record concerns that is not indexed yet: nobody is told that it is not him if it is."""

import asyncio
import gzip
import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hh_core.domain.identity import NIL, call_session, derived_session, name_key
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
)
from hh_core.hooks import load_mappers
from hh_core.usecases.concern import MAX_NEEDLES, Needles, of_event, of_session
from hh_core.usecases.durability import Draft
from hh_core.usecases.pending_records import PendingRecords
from hh_core.wire.otlp import decode

KEY, PROJECT, OTHER, TRACE = b"k" * 32, UUID(int=5), UUID(int=6), b"t" * 16
MAPPING = SpanMapping(load_mappers())
CLAIMS = (
    *("session.id", "gen_ai.conversation.id", "honeyhive.session_id", "langfuse.session.id"),
    *("mlflow.trace.session", "thread_id", "sessionId", "metadata.thread_id", "conversation.id"),
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.session_id",
    "langsmith.metadata.thread_id",
    "judgment.session_id",
)
DOCUMENTS = ("metadata", "traceloop.entity.input", "langwatch.metadata", "input.value")
ids = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda id_: str(id_).upper()),
    st.integers().map(str),
    st.from_regex(r"[A-Za-z0-9_.:@-]{1,24}", fullmatch=True),
    st.sampled_from(("Infinity", "nan", "null", "true", "Y2hhdC00NzEx", "a b", "é", "a/b", '"a"')),
    st.text(min_size=1, max_size=12),
)


@st.composite
def claiming(draw: st.DrawFn) -> Mapping[str, Any]:
    """Attributes of a span that mostly tells a session, in one of many ways."""
    text = draw(ids)
    if draw(st.booleans()):
        member = draw(st.sampled_from(("session_id", "thread_id", "conversation_id")))
        document = {"metadata": {member: text}, member: text}
        written = json.dumps(document, ensure_ascii=draw(st.booleans()))
        if draw(st.booleans()) and text.isascii() and text.isalnum():
            escaped = "".join(f"\\u{ord(letter):04x}" for letter in text)
            written = written.replace(f'"{text}"', f'"{escaped}"')
        key = draw(st.sampled_from(DOCUMENTS))
        return {"openinference.span.kind": "CHAIN", "traceloop.span.kind": "task", key: written}
    forms: list[Any] = [text, json.dumps(text), text.encode("utf-8", "replace")]
    forms += [int(text)] if text.isascii() and text.isdecimal() and int(text) < 1 << 63 else []
    forms += [b64decode(text)] if text == "Y2hhdC00NzEx" else []
    return {draw(st.sampled_from(CLAIMS)): draw(st.sampled_from(forms))}


def body_of(attributes: Mapping[str, Any], trace: bytes = TRACE) -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = trace, b"s" * 8, "step"
    for key, value in attributes.items():
        kind = {int: "int_value", bytes: "bytes_value"}.get(type(value), "string_value")
        setattr(span.attributes.add(key=key).value, kind, value)
    return request.SerializeToString()


def claim_in(body: bytes) -> str:
    """The session that the index is told of a body's only span; empty for none."""
    header = RecordHeader(
        RecordKind.TRACES, ContentType.PROTOBUF, Encoding.IDENTITY, PROJECT, NIL, 1, 1, 1
    )
    ((_, span),) = decode(SegmentRecord(header, body))
    return MAPPING.facts(span).session_id


def draft(body: bytes, **changes: Any) -> Draft:
    given_: dict[str, Any] = {
        "kind": RecordKind.TRACES,
        "content_type": ContentType.PROTOBUF,
        "encoding": Encoding.IDENTITY,
        "project": PROJECT,
        "key_id": NIL,
        "body": body,
    }
    return Draft(**given_ | changes)


def passed_over(pending: PendingRecords, needles: Needles, project: UUID = PROJECT) -> bool:
    """Whether a reader is told that nothing in segment ``s`` concerns him."""
    return list(asyncio.run(pending.without(project, ["s"], needles))) == ["s"]


def kept(*drafts: Draft, max_bytes: int = 1 << 20) -> PendingRecords:
    pending = PendingRecords(max_bytes)
    pending.keep("s", drafts)
    return pending


@given(claiming(), st.booleans())
@example({"openinference.span.kind": "LLM", "metadata": '{"session_id":"ru\\u006E-7f3a"}'}, True)
@example({"mlflow.trace.session": '"\\u0072un"'}, False)
@example({"session.id": 4711}, False)
def test_a_claim_in_whatever_form_is_found(attributes: Mapping[str, Any], zipped: bool) -> None:
    body = body_of(attributes)
    claim = claim_in(body)
    if not claim:
        return
    session = name_key(KEY, PROJECT, claim)
    needles = of_session(KEY, PROJECT, session, texts=[claim], traces=[])
    sent = draft(gzip.compress(body), encoding=Encoding.GZIP) if zipped else draft(body)
    assert needles is None or not passed_over(kept(sent), needles)


@given(st.binary(min_size=16, max_size=16), st.booleans())
def test_a_span_of_a_trace_is_found_and_one_of_another_is_not(trace: bytes, same: bool) -> None:
    other = trace if same else bytes(255 - byte for byte in trace)
    pending = kept(draft(body_of({"a": "b"}, trace)))
    assert passed_over(pending, of_event(other)) is not same


@given(st.uuids(version=4), st.text(max_size=20))
def test_where_nobody_can_tell_what_a_session_was_made_of_there_are_no_needles(
    response: UUID, text: str
) -> None:
    derived = derived_session(PROJECT, TRACE)
    called = UUID(bytes=call_session(PROJECT.bytes, response.bytes))
    keyed = name_key(KEY, PROJECT, "a name that the index does not tell")
    assert of_session(KEY, PROJECT, derived, texts=[text], traces=[]) is None
    assert of_session(KEY, PROJECT, derived, texts=[text], traces=[TRACE]) is not None
    assert of_session(KEY, PROJECT, called, texts=[str(called)], traces=[TRACE]) is None
    assert of_session(KEY, PROJECT, keyed, texts=[text, str(keyed)], traces=[TRACE]) is None
    assert of_session(KEY, PROJECT, response, texts=[], traces=[TRACE] * MAX_NEEDLES) is None


def test_what_cannot_be_looked_through_may_concern_everybody_of_its_project() -> None:
    plain, needles = body_of({"a": "b"}), of_event(b"z" * 16)
    assert passed_over(kept(draft(plain)), needles)
    assert not passed_over(kept(draft(b"{}", content_type=ContentType.JSON)), needles)
    assert not passed_over(kept(draft(plain), draft(plain), max_bytes=len(plain)), needles)
    assert not passed_over(kept(draft(body_of({"a": "x" * (5 << 20)})), max_bytes=1 << 30), needles)
    assert not passed_over(kept(draft(b"\x1f\x8b", encoding=Encoding.GZIP)), needles)
    assert not passed_over(PendingRecords(), needles)
    metrics = draft(b"{}", kind=RecordKind.METRICS, content_type=ContentType.JSON)
    assert passed_over(kept(metrics), needles)
    foreign = kept(draft(plain), draft(b"{}", content_type=ContentType.JSON, project=OTHER))
    assert passed_over(foreign, needles)
    assert not passed_over(foreign, needles, OTHER)


def test_what_is_forgotten_takes_no_room() -> None:
    plain = body_of({"a": "b"})
    pending = kept(draft(plain), draft(plain))
    assert pending.size == 2 * len(plain)
    pending.forget("s")
    pending.forget("s")
    assert pending.size == 0
    assert not passed_over(pending, of_event(TRACE))


def test_one_mapper_that_does_not_say_so_makes_all_readers_wait() -> None:
    class Foreign:
        name, rank = "foreign", 200

        def speaks(self, span: Any) -> bool:
            return False

        def facts(self, span: Any, facts: Any) -> None: ...

        def content(self, span: Any, content: Any) -> None: ...

    assert MAPPING.ids_are_verbatim
    assert not SpanMapping([*load_mappers(), Foreign()]).ids_are_verbatim
