"""No content crosses to the control plane: a canary in every field, and a search for them."""

import json
import time
from typing import Any

import pytest
from canaries import Canaries
from embedded import Embedded
from embedded.steps import counted, counts, until
from embedded.stores import dumps, files, metrics
from link import RecordingLink
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, ROOT, CALL = bytes(range(1, 17)), b"rootroot", b"callcall"
SECONDS = 10**9


@pytest.mark.timeout(240)
def test_no_content_reaches_the_control_plane(running: Embedded, link: RecordingLink) -> None:
    canaries, control = Canaries(), Canaries()
    before = counted(running)
    _send_logs(running, canaries)
    _send_spans(running, canaries, control)
    _send_rest(running, canaries)
    _refused_row(running, canaries)
    counts(running, at_least=before + 3)
    until(lambda: control.found_in(bytes(link.heard)), seconds=30, what="the control is heard")
    heard = bytes(link.heard)

    stores = {
        "wire": heard,
        "metrics": metrics(running, "control"),
        **dumps(running, "control"),
        **files(running.folder / "control"),
    }

    assert {name: canaries.found_in(data) for name, data in stores.items()} == {
        name: [] for name in stores
    }
    found = {name for name, data in stores.items() if control.found_in(data)}
    assert {"wire", "control clickhouse"} <= found, (
        "the positive control was not found where it must be"
    )
    assert len(canaries.planted) >= 50


@pytest.mark.timeout(120)
def test_the_data_plane_itself_shows_what_the_control_plane_may_not_see(running: Embedded) -> None:
    canaries = Canaries()
    logged, trace = Canaries(), bytes(range(2, 18))
    _send_logs(running, logged, trace)
    _send_spans(running, canaries, Canaries(), trace=trace)

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = running.ask("/v1/events/export", {"filters": [], "limit": 100})
        if canaries.mark in json.dumps(answer) and logged.mark in json.dumps(answer):
            return
        time.sleep(0.2)
    pytest.fail("the content never became readable on the data plane")


def _send_spans(
    running: Embedded, canaries: Canaries, control: Canaries, trace: bytes = TRACE
) -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    _put(group.resource, {"service.name": "shop", "team.secret": canaries("resource")})
    scope = group.scope_spans.add()
    scope.scope.name = "openinference.instrumentation.openai"
    _put(scope.scope, {"scope.secret": canaries("scope")})
    now = time.time_ns() - 60 * SECONDS
    root = scope.spans.add(
        trace_id=trace, span_id=ROOT, name=control("name"), start_time_unix_nano=now
    )
    root.end_time_unix_nano = now + SECONDS
    root.trace_state = canaries("tracestate")
    _put(
        root,
        {
            "openinference.span.kind": "AGENT",
            "session.id": canaries("session-id"),
            "user.id": canaries("user-id"),
            "input.value": canaries("input"),
            "output.value": canaries("output"),
            "metadata": json.dumps({"plan": canaries("metadata-json")}),
            "tag.tags": [canaries("tag")],
            "custom.nested": {"deep": {"deeper": canaries("kvlist")}},
            "custom.bytes": canaries("bytes").encode(),
            canaries("attribute-key"): 1,
            "honeyhive_metadata.note": canaries("hh-metadata"),
            "honeyhive_user_properties.mail": canaries("hh-user"),
            "honeyhive_feedback.comment": canaries("hh-feedback"),
            "honeyhive_metrics.remark": canaries("hh-metric"),
            "honeyhive_config.secret": canaries("hh-config"),
            "honeyhive_inputs.q": canaries("hh-input"),
            "honeyhive_outputs.a": canaries("hh-output"),
            "honeyhive_error": canaries("hh-error"),
        },
    )
    link = root.links.add(trace_id=TRACE, span_id=CALL)
    link.trace_state = canaries("link-state")
    _put(link, {"link.secret": canaries("link")})
    call = scope.spans.add(
        trace_id=trace, span_id=CALL, parent_span_id=ROOT, start_time_unix_nano=now
    )
    call.name = f"chat about {canaries('long-name')} with a name that is longer than sixty-four"
    call.end_time_unix_nano = now + SECONDS
    call.status.code = call.status.STATUS_CODE_ERROR
    call.status.message = canaries("status")
    _put(
        call,
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": f"gpt {{ {canaries('model')} }}",
            "llm.provider": f"<{canaries('provider')}>",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": canaries("message"),
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": canaries("completion"),
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "f",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": json.dumps(
                {"x": canaries("tool-arguments")}
            ),
            "llm.invocation_parameters": json.dumps({"user": canaries("parameters")}),
            "gen_ai.response.id": canaries("response-id"),
            "llm.token_count.total": 12,
        },
    )
    event = call.events.add(name="exception", time_unix_nano=now)
    _put(
        event,
        {
            "exception.type": f"Error: {canaries('exception-type')}!",
            "exception.message": canaries("exception"),
            "exception.stacktrace": canaries("stack"),
        },
    )
    note = call.events.add(name=canaries("event-name"), time_unix_nano=now)
    _put(note, {"note": canaries("event-attribute")})
    body = request.SerializeToString()
    assert running.post("/v1/traces", body, "application/x-protobuf")[0] == 200


def _send_logs(running: Embedded, canaries: Canaries, trace: bytes = TRACE) -> None:
    """Records of a span, of one that never comes, and of none, in each field that has text."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add(schema_url=canaries("log-resource-schema"))
    _put(group.resource, {"service.name": canaries("log-service"), "r": canaries("log-resource")})
    scope = group.scope_logs.add(schema_url=canaries("log-scope-schema"))
    scope.scope.name = canaries("log-scope-name")
    _put(scope.scope, {"scope.secret": canaries("log-scope")})
    now = time.time_ns()
    for trace_id, span_id in ((trace, CALL), (trace, b"no\x00where"), (b"", b"")):
        record = scope.log_records.add(trace_id=trace_id, span_id=span_id, time_unix_nano=now)
        record.event_name = canaries("log-event-name")
        record.severity_text = canaries("log-severity")
        _value(record.body, [canaries("log-body"), canaries("log-bytes").encode()])
        _put(record, {"a": canaries("log-attribute"), canaries("log-key"): 1})
    body = request.SerializeToString()
    assert running.post("/v1/logs", body, "application/x-protobuf")[0] == 200


def _send_rest(running: Embedded, canaries: Canaries) -> None:
    session = running.ask(
        "/session/start",
        {
            "session": {
                "session_name": f"{{{canaries('session-name')}}}",
                "source": canaries("source"),
                "inputs": {"q": canaries("session-input")},
                "metadata": {"m": canaries("session-metadata")},
                "user_properties": {"mail": canaries("user-properties")},
                "config": {"c": canaries("session-config")},
            }
        },
    )["session_id"]
    event = {
        "session_id": session,
        "event_type": "tool",
        "event_name": f"tool {{{canaries('rest-name')}}}",
        "inputs": {"x": canaries("rest-input")},
        "outputs": {"y": canaries("rest-output")},
        "error": canaries("rest-error"),
        "metadata": {"k": canaries("rest-metadata"), canaries("rest-key"): 1},
        "config": {"model": f"[{canaries('rest-model')}]"},
        "user_properties": {"u": canaries("rest-user")},
    }
    event_id = running.ask("/events", {"event": event})["event_id"]
    update = {
        "event_id": event_id,
        "feedback": {"comment": canaries("feedback")},
        "metadata": {"later": canaries("update-metadata")},
        "outputs": {"final": canaries("update-output")},
    }
    status, _ = running.post("/events", json.dumps(update).encode(), method="PUT")
    assert status == 200


def _refused_row(running: Embedded, canaries: Canaries) -> None:
    """A body that is refused must not leave its content in a log of any plane either."""
    broken = canaries("broken").encode()
    assert running.post("/v1/traces", b'{"resourceSpans": [' + broken)[0] == 400
    assert running.post("/v1/logs", b'{"resourceLogs": [' + broken)[0] == 400


def _put(target: Any, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        _value(target.attributes.add(key=key).value, value)


def _value(target: Any, value: Any) -> None:
    match value:
        case str():
            target.string_value = value
        case int():
            target.int_value = value
        case bytes():
            target.bytes_value = value
        case list():
            for item in value:
                _value(target.array_value.values.add(), item)
        case dict():
            for key, item in value.items():
                _value(target.kvlist_value.values.add(key=key).value, item)
