"""Read your writes: who asks about one session waits for whatever may concern it, and for no more.

Dispatch is held back while a write is under way, so that it stays acknowledged and not indexed for
as long as the test likes.
"""

import asyncio
import gzip
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from clickhouse_engine import fresh_index
from data_plane import PROJECT, RunningDataPlane, data_plane
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hh_core.domain.identity import derived_session, span_event_id
from hh_core.usecases.batch import Batch
from hh_core.usecases.dispatch import IndexSegments

NAME, UPPER = "run-7f3a", "0B6A7F3E-8A39-4B6E-8A53-00000000ABCD"
BYTES = "Y2hhdC00NzEx"
START_NS = 1_767_323_045_000_000_000
EVENT = str(span_event_id(UUID(PROJECT), b"A" * 16, b"a" * 8, None))
SECOND = str(span_event_id(UUID(PROJECT), b"A" * 16, b"b" * 8, None))
DERIVED = str(derived_session(UUID(PROJECT), b"D" * 16))
ATONCE = {"Prefer": "wait=0"}

Write = Callable[[RunningDataPlane], Awaitable[None]]


class Gate:
    """Whether dispatch may read segments."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @contextmanager
    def closed(self) -> Iterator[None]:
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    async def passed(self) -> None:
        await self._open.wait()


def run(scenario: Callable[[RunningDataPlane, Gate], Awaitable[None]]) -> None:
    async def main() -> None:
        gate, read = Gate(), IndexSegments.read

        async def held(index: IndexSegments, names: Iterable[str]) -> Batch:
            await gate.passed()
            return await read(index, names)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(IndexSegments, "read", held)
            async with data_plane(fresh_index(), read={"wait_seconds": 30}) as plane:
                await scenario(plane, gate)

    asyncio.run(main())


def span(number: int, trace: bytes, *, parent: bytes = b"", **attributes: Any) -> Span:
    made = Span(
        trace_id=trace * 16,
        span_id=bytes([96 + number]) * 8,
        parent_span_id=parent,
        name=f"step {number}",
        start_time_unix_nano=START_NS + number,
        end_time_unix_nano=START_NS + number + 1_000_000,
    )
    for key, value in attributes.items():
        kind = {int: "int_value", bytes: "bytes_value"}.get(type(value), "string_value")
        setattr(made.attributes.add(key=key.replace("__", ".")).value, kind, value)
    return made


def traces(*spans: Span, zipped: bool = True) -> Write:
    """An export in protobuf."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    plain = request.SerializeToString()
    return _sent("/v1/traces", gzip.compress(plain) if zipped else plain, zipped=zipped)


def logs(trace: bytes, span_id: bytes, text: str) -> Write:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.trace_id, record.span_id, record.time_unix_nano = trace * 16, span_id, START_NS
    record.event_name, record.body.string_value = "gen_ai.choice", text
    return _sent("/v1/logs", request.SerializeToString(), zipped=False)


def json_traces(trace: bytes, span_id: str) -> Write:
    told = {"traceId": (trace * 16).hex(), "spanId": span_id, "name": "json", "kind": 1}
    told |= {"startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 1)}
    return rest("POST", "/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [told]}]}]})


def rest(method: str, path: str, body: Mapping[str, Any]) -> Write:
    async def write(plane: RunningDataPlane) -> None:
        assert (await plane.ask(method, path, body)).status == 200

    return write


def _sent(path: str, data: bytes, *, zipped: bool) -> Write:
    headers = {"Content-Type": "application/x-protobuf"}
    headers |= {"Content-Encoding": "gzip"} if zipped else {}

    async def write(plane: RunningDataPlane) -> None:
        assert (await plane.ask("POST", path, data=data, headers=headers)).status == 200

    return write


async def told(plane: RunningDataPlane, paths: Iterable[str], **more: Any) -> Mapping[str, Any]:
    ask = plane.ask if more else plane.ask_settled
    return {path: (await ask("GET", path, **more)).body for path in paths}


BEGUN = traces(
    span(1, b"A", session__id=NAME, openinference__span__kind="CHAIN"),
    span(2, b"A", parent=b"a" * 8, openinference__span__kind="TOOL"),
    span(3, b"B", session__id=UPPER.lower()),
    span(4, b"C", traceloop__association__properties__thread_id=BYTES),
    span(5, b"E", session__id=4711),
    span(6, b"D", parent=b"x" * 8),
)
ESCAPED = json.dumps({"session_id": NAME}).replace("-7f3a", "-7\\u00663a")

CASES: Mapping[str, tuple[str, Write]] = {
    "a span of its trace": (NAME, traces(span(7, b"A", parent=b"a" * 8))),
    "one that is not compressed": (NAME, traces(span(8, b"A"), zipped=False)),
    "one in JSON": (NAME, json_traces(b"A", "ee" * 8)),
    "a span that was sent before, with a name": (NAME, traces(span(2, b"A", llm__model_name="m"))),
    "a claim in another trace": (NAME, traces(span(9, b"F", session__id=NAME))),
    "a claim within JSON": (
        NAME,
        traces(
            span(10, b"G", openinference__span__kind="TOOL", metadata=f'{{"session_id":"{NAME}"}}')
        ),
    ),
    "a claim in escaped JSON": (
        NAME,
        traces(span(11, b"H", openinference__span__kind="TOOL", metadata=ESCAPED)),
    ),
    "a quoted claim": (NAME, traces(span(12, b"I", mlflow__trace__session=f'"{NAME}"'))),
    "a claim in capitals": (UPPER.lower(), traces(span(13, b"J", session__id=UPPER))),
    "a claim in bytes": (
        BYTES,
        traces(span(14, b"K", traceloop__association__properties__thread_id=b64decode(BYTES))),
    ),
    "a claim that is a number": ("4711", traces(span(15, b"L", session__id=4711))),
    "a span of a trace without claims": (DERIVED, traces(span(16, b"D"))),
    "a claim of a derived session": (DERIVED, traces(span(17, b"M", session__id=DERIVED.upper()))),
    "another session's claim of its trace": (DERIVED, traces(span(18, b"D", session__id="else"))),
    "a log record": (NAME, logs(b"A", b"b" * 8, "said")),
    "an event by REST": (
        NAME,
        rest("POST", "/events", {"event": {"event_type": "tool", "session_id": NAME}}),
    ),
    "an update": (
        NAME,
        rest("PUT", "/events", {"event_id": SECOND, "metadata": {"late": 1}}),
    ),
    "a session start": (
        UPPER.lower(),
        rest("POST", "/session/start", {"session": {"session_id": UPPER, "session_name": "named"}}),
    ),
    "an event that moves to another trace": (
        NAME,
        traces(span(19, b"N", session__id="other", honeyhive_event_id=EVENT)),
    ),
}


def test_nothing_that_concerns_a_session_is_passed_over() -> None:
    """Before each write the answer is settled, after it the index is held back: an answer that
    differs from the one when all is indexed must have said that it is behind."""

    async def scenario(plane: RunningDataPlane, gate: Gate) -> None:
        await BEGUN(plane)
        for case, (session, write) in CASES.items():
            paths = [f"/v1/sessions/{session}", f"/v1/sessions/{session}/outline"]
            before = await told(plane, paths)
            with gate.closed():
                await write(plane)
                now = await told(plane, paths, headers=ATONCE)
            after = await told(plane, paths)
            assert all(answer.get("behind") for answer in now.values()), case
            assert after[paths[0]] != before[paths[0]], f"{case} concerns nobody"

    run(scenario)


def test_nothing_that_concerns_an_event_is_passed_over() -> None:
    writes = {
        "a claim of its trace": traces(span(7, b"A", session__id="a-late-claim")),
        "the span again": traces(span(2, b"A", session__id="late", llm__model_name="m")),
        "its log record": logs(b"A", b"b" * 8, "said"),
        "its update": CASES["an update"][1],
        "the span in JSON": json_traces(b"A", "62" * 8),
        "it moves": traces(
            span(
                9,
                b"N",
                session__id="other",
                honeyhive_event_id=SECOND,
            )
        ),
    }

    async def scenario(plane: RunningDataPlane, gate: Gate) -> None:
        await traces(span(2, b"A", parent=b"a" * 8))(plane)
        paths = [f"/v1/events/{SECOND}{part}" for part in ("", "/cost", "/raw")]
        for case, write in writes.items():
            before = await told(plane, paths)
            with gate.closed():
                await write(plane)
                now = await told(plane, paths, headers=ATONCE)
            after = await told(plane, paths)
            assert all(answer.get("behind") for answer in now.values()), case
            assert after != before, f"{case} concerns nobody"

    run(scenario)


def test_a_reader_waits_for_nobody_elses_writes() -> None:
    others = traces(
        *(span(7 + n, bytes([80 + n]), session__id=f"other-{n}") for n in range(5)),
        span(12, b"Z", metadata=json.dumps({"text": "é <b> run-7f3 \n"})),
    )

    async def scenario(plane: RunningDataPlane, gate: Gate) -> None:
        await BEGUN(plane)
        events = [f"/v1/events/{EVENT}{part}" for part in ("", "/cost", "/raw")]
        sessions = [f"/v1/sessions/{name}" for name in (NAME, UPPER.lower(), DERIVED)]
        paths = [*sessions, f"/v1/sessions/{NAME}/outline", *events]
        before = await told(plane, paths)
        with gate.closed():
            await others(plane)
            await logs(b"Z", b"z" * 8, "said")(plane)
            async with asyncio.timeout(20):
                assert await told(plane, paths, headers={}) == before
            listed = await plane.ask("POST", "/v1/events/search", {"filters": []}, headers=ATONCE)
            assert listed.body["behind"] is True
            unknown = await plane.ask("GET", "/v1/sessions/unheard-of", headers=ATONCE)
            assert (unknown.status, unknown.body["behind"]) == (404, True)

    run(scenario)
