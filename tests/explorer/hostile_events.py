"""Events that hold hostile texts in every place where an application can write a text."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded import Embedded
from embedded.steps import until

from explorer.traffic import READABLE_SECONDS, Span, send

_PER_SESSION = 10
_LONGEST_KEY = 500
"""Longer ones are no names, whatever wrote them."""


@dataclass(frozen=True, slots=True)
class HostileSession:
    id: str
    whole: tuple[str, ...]
    """Names of the events that hold ten texts in each of their fields; others hold one."""


def send_everywhere(project: Embedded, texts: Sequence[str]) -> list[HostileSession]:
    """Sessions of ten texts each, over OTLP and REST; returns when all can be read."""
    mark = secrets.token_hex(4)
    sessions = []
    for at in range(0, len(texts), _PER_SESSION):
        some, session = texts[at : at + _PER_SESSION], f"hostile-{mark}-{at}"
        told = _whole_span(some, session)
        send(project, *(_failed(text, session) for text in some), told)
        _post(project, "/v1/logs", _logs(some, told))
        for event in (_whole_chain(some, session), _whole_call(some, session)):
            _post(project, "/events", {"event": event})
        sessions.append(HostileSession(session, ("whole span", "whole chain", "whole call")))
    expected = len(texts) + 4 * len(sessions)
    question = {"filters": [], "limit": 1}
    until(
        lambda: project.ask("/v1/events/search", question)["count"] >= expected,
        seconds=READABLE_SECONDS,
        what=f"{expected} hostile events and sessions",
    )
    return sessions


def _failed(text: str, session: str) -> Span:
    """A model call that failed, with the text as its name and in all its other short fields."""
    return Span(
        text,
        {
            "session.id": session,
            "session.name": text,
            "user.id": text,
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": text,
            "gen_ai.request.model": text,
            "gen_ai.tool.name": text,
        },
        start=500,
        error=text,
        events=[("exception", {"exception.type": text, "exception.stacktrace": text})],
    )


def _whole_span(texts: Sequence[str], session: str) -> Span:
    said = [_said(role, text) for text in texts for role in ("system", "user")]
    answers = [_answered(text) for text in texts]
    return Span(
        "whole span",
        {
            "session.id": session,
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.input.messages": [*said, *answers],
            "gen_ai.output.messages": [_called(text) for text in texts],
            **_keyed(texts),
        },
        start=400,
        events=[(text, {"message": text}) for text in texts],
    )


def _logs(texts: Sequence[str], span: Span) -> dict[str, Any]:
    """What an instrumentor logs of the call instead of telling it in the span."""
    records = [
        {
            "traceId": span.trace_id,
            "spanId": span.span_id,
            "timeUnixNano": str(time.time_ns()),
            "eventName": name,
            "body": {"kvlistValue": {"values": [{"key": "content", "value": _string(text)}]}},
            "attributes": [{"key": "event.name", "value": _string(name)}],
        }
        for text in texts
        for name in ("gen_ai.user.message", "anything else")
    ]
    scope = {"scope": {"name": "tests"}, "logRecords": records}
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [scope]}]}


def _whole_chain(texts: Sequence[str], session: str) -> dict[str, Any]:
    """Plain texts, and texts that are JSON, in every field that takes objects."""
    keyed = _keyed(texts)
    return {
        "session_id": session,
        "event_name": "whole chain",
        "event_type": "chain",
        "duration": 5,
        "inputs": {"plain": list(texts), **keyed},
        "outputs": {"json": json.dumps(keyed), "nested": {"deep": [keyed, list(texts)]}},
        "config": keyed,
        "metadata": keyed,
        "metrics": keyed,
        "feedback": keyed | {"comment": "\n".join(texts)},
        "user_properties": keyed,
        "error": "\n".join(texts),
    }


def _whole_call(texts: Sequence[str], session: str) -> dict[str, Any]:
    """A conversation with roles, parts, pictures and tools that are all hostile."""
    history = [
        {
            "role": text,
            "name": text,
            "content": [
                {"type": "text", "text": text},
                {"type": "image_url", "image_url": {"url": text}},
                {"type": text, text: text},
            ],
        }
        for text in texts
    ]
    calls = [
        {"id": text, "name": text, "arguments": {"query": text} | _keyed([text])} for text in texts
    ]
    answers = [{"role": "tool", "tool_call_id": text, "content": text} for text in texts]
    return {
        "session_id": session,
        "event_name": "whole call",
        "event_type": "model",
        "duration": 5,
        "inputs": {
            "chat_history": [*history, {"role": "assistant", "tool_calls": calls}, *answers]
        },
        "outputs": {"role": "assistant", "content": texts[0], "finish_reason": texts[0]},
        "config": {"model": texts[0], "provider": texts[0]},
    }


def _keyed(texts: Sequence[str]) -> dict[str, str]:
    return {text: text for text in texts if len(text) < _LONGEST_KEY}


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _called(text: str) -> dict[str, Any]:
    call = {"type": "tool_call", "id": text, "name": text, "arguments": {"query": text}}
    parts = [{"type": "text", "content": text}, call]
    return {"role": "assistant", "parts": parts, "finish_reason": text}


def _answered(text: str) -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_call_response", "id": text, "result": text}]}


def _string(text: str) -> dict[str, str]:
    return {"stringValue": text}


def _post(project: Embedded, path: str, body: Mapping[str, Any]) -> None:
    status, answer = project.post(path, json.dumps(body).encode())
    assert status == 200, answer
