"""What applications send while people look: the demo agent, and spans that a test writes itself."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from embedded import Embedded
from embedded.steps import until

from hh_cli.demo.model_server import model_server

DEMO_SESSIONS = 6
"""Two instrumentors, three conversations each."""
READABLE_SECONDS = 30.0
_DEMO_SECONDS = 120.0
_FAILED = 2


@dataclass(slots=True)
class Span:
    """One span of a trace. Times are milliseconds before now."""

    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    parent: "Span | None" = None
    start: float = 1_000.0
    end: float = 0.0
    error: str = ""
    events: Sequence[tuple[str, Mapping[str, Any]]] = ()
    trace_id: str = ""
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        self.trace_id = self.parent.trace_id if self.parent else secrets.token_hex(16)


def new_project(running: Embedded, name: str) -> Embedded:
    """The same platform, seen from a project of its own that takes traces."""
    options = ("--data-plane", "embedded", "--json", "--organisation", running.organisation)
    made = json.loads(running.hh("admin", "project", "add", name, *options).stdout)
    project = Embedded(running.folder, running.port_base, {**running.endpoints, **made})
    until(
        lambda: project.ask("/v1/events/search", {"filters": []})["count"] == 0,
        seconds=60,
        what="the data plane knows the new project",
    )
    return project


def send_demo(project: Embedded) -> None:
    """The demo agent under both instrumentors; returns when all its sessions can be read."""
    with model_server() as model:
        agents = [_agent(project, name, model) for name in ("openinference", "openllmetry")]
        for agent in agents:
            _, complaint = agent.communicate(timeout=_DEMO_SECONDS)
            assert agent.returncode == 0, complaint
    until_found(project, {"event_type": "session"}, DEMO_SESSIONS)


def until_found(project: Embedded, fields: Mapping[str, str], count: int = 1) -> list[Any]:
    """The events with these values, once there are so many."""
    filters = [
        {"field": name, "operator": "is", "value": value, "type": "string"}
        for name, value in fields.items()
    ]

    def found() -> list[Any]:
        answer = project.ask("/v1/events/search", {"filters": filters, "limit": 1000})
        return list(answer["events"]) if answer["count"] >= count else []

    return until(found, seconds=READABLE_SECONDS, what=f"{count} events with {fields}")


def send(project: Embedded, *spans: Span) -> None:
    """Over OTLP as JSON."""
    scope = {"scope": {"name": "tests"}, "spans": [_written(span) for span in spans]}
    body = {"resourceSpans": [{"resource": {}, "scopeSpans": [scope]}]}
    status, answer = project.post("/v1/traces", json.dumps(body).encode())
    assert status == 200, answer


def _agent(project: Embedded, instrumentor: str, model: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": project.endpoints["data_url"],
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{project.endpoints['api_key']}",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "hh_cli.demo.agent", instrumentor, model, "shown"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _written(span: Span) -> dict[str, Any]:
    now = time.time()
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent.span_id if span.parent else "",
        "name": span.name,
        "startTimeUnixNano": _nanoseconds(now, span.start),
        "endTimeUnixNano": _nanoseconds(now, span.end),
        "attributes": list(_pairs(span.attributes)),
        "events": [
            {
                "name": name,
                "timeUnixNano": _nanoseconds(now, span.end),
                "attributes": list(_pairs(attributes)),
            }
            for name, attributes in span.events
        ],
        "status": {"code": _FAILED, "message": span.error} if span.error else {},
    }


def _nanoseconds(now: float, milliseconds_ago: float) -> str:
    return str(int((now - milliseconds_ago / 1000) * 1e9))


def _pairs(attributes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in attributes.items():
        kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(value))
        if kind:
            yield {"key": key, "value": {kind: value}}
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            yield {"key": key, "value": {"stringValue": text}}
